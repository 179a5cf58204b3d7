package main

import (
	"crypto/tls"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"

	"phivault/sync/remote"
)

// bucket runs an S3 store over TLS 1.3 until the script ends. S3 and PIN say where
// it is; keys is a credentials file for it. From the moment that there is a file damage,
// it gives back objects with a changed byte.
func bucketScript(ts *testscript.TestScript, _ bool, _ []string) {
	store := s3mem.New()
	ts.Check(store.CreateBucket("bucket"))
	honest := gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	damage := filepath.Join(ts.Getenv("WORK"), "damage")
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if _, err := os.Stat(damage); err != nil || req.Method != http.MethodGet || req.URL.RawQuery != "" {
			honest.ServeHTTP(w, req)
			return
		}
		rec := httptest.NewRecorder()
		honest.ServeHTTP(rec, req)
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		b := rec.Body.Bytes()
		if rec.Code == http.StatusOK && len(b) > 0 {
			b[0] ^= 1
		}
		_, _ = w.Write(b) // who went away needs no answer
	}))
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	srv.StartTLS()
	ts.Defer(srv.Close)
	ts.Setenv("S3", strings.TrimPrefix(srv.URL, "https://"))
	ts.Setenv("PIN", remote.PinOf(srv.Certificate()).String())
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "keys"), []byte("access-key=AKIACANARY\nsecret-key=canary-secret-2718\n"), 0o600))
}
