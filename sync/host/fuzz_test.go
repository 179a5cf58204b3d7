package host

import (
	"crypto/tls"
	"net/http"
	"strings"
	"testing"

	"phivault/sync/remote"
)

func FuzzParseFact(f *testing.F) {
	f.Add("c v1/join/aa/" + strings.Repeat("a", 52) + " 12 " + strings.Repeat("0", 64) + " 1700000000")
	f.Add("i v1/../x 1 00 0")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := parseFact(s)
		if err != nil {
			return
		}
		again, err := parseFact(strings.TrimSuffix(got.line(), "\n"))
		if err != nil || again != got {
			t.Fatalf("%q was read as %+v, which is written as %q", s, got, got.line())
		}
		if got.name == (remote.Name{}) || got.size < 0 {
			t.Fatalf("%+v", got)
		}
	})
}

// No header makes a signer without a connection that can export, and none panics.
func FuzzVerify(f *testing.F) {
	key := strings.Repeat("a", 52)
	f.Add("PhivaultHost vault="+strings.Repeat("a", 16)+",key="+key+",sig="+strings.Repeat("A", 86), "/v1/x")
	f.Add("PhivaultHost vault=,key=,sig=", "")
	f.Fuzz(func(t *testing.T, auth, target string) {
		req := &http.Request{Method: "GET", RequestURI: target, Header: http.Header{"Authorization": {auth}},
			TLS: &tls.ConnectionState{Version: tls.VersionTLS12}}
		if who, ok := verify(req); ok {
			t.Fatalf("%+v", who)
		}
	})
}
