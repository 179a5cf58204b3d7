package main

import (
	"crypto/tls"
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
// it is; keys is a credentials file for it.
func bucketScript(ts *testscript.TestScript, _ bool, _ []string) {
	store := s3mem.New()
	ts.Check(store.CreateBucket("bucket"))
	srv := httptest.NewUnstartedServer(gofakes3.New(store, gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
	srv.TLS = &tls.Config{MinVersion: tls.VersionTLS13}
	srv.StartTLS()
	ts.Defer(srv.Close)
	ts.Setenv("S3", strings.TrimPrefix(srv.URL, "https://"))
	ts.Setenv("PIN", remote.PinOf(srv.Certificate()).String())
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "keys"), []byte("access-key=AKIACANARY\nsecret-key=canary-secret-2718\n"), 0o600))
}
