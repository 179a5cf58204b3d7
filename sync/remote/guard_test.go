package remote_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/remotetest"
)

func TestConnectionsServeAgain(t *testing.T) {
	for name, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var conns atomic.Int64
			srv, client := remotetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				io.Copy(io.Discard, req.Body)
				io.WriteString(w, strings.Repeat("x", 10_000))
			}), func(s *httptest.Server) {
				s.EnableHTTP2 = h2
				s.Config.ConnState = func(_ net.Conn, st http.ConnState) {
					if st == http.StateNew {
						conns.Add(1)
					}
				}
			})
			g := &remote.Guard{Next: client.Transport(), Hosts: []string{srv.Listener.Addr().String()}}
			defer g.Close()
			for i := range 10 {
				var body io.Reader
				if i%2 == 0 {
					body = strings.NewReader("some body")
				}
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, srv.URL, body)
				if err != nil {
					t.Fatal(err)
				}
				res, err := g.RoundTrip(req)
				if err != nil {
					t.Fatal(err)
				}
				if n, err := io.Copy(io.Discard, res.Body); n != 10_000 || err != nil {
					t.Errorf("%d bytes, %v", n, err)
				}
				res.Body.Close()
			}
			if n := conns.Load(); n > 6 { // each may come back to the pool a moment after its last byte; none coming back makes ten
				t.Errorf("%d connections for ten requests", n)
			}
		})
	}
}

func TestAGuardSendsNowhereElse(t *testing.T) {
	var hits atomic.Int64
	srv, client := remotetest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { hits.Add(1) }), nil)
	g := &remote.Guard{Next: client.Transport(), Hosts: []string{"store.example"}}
	defer g.Close()
	for _, u := range []string{srv.URL, "http://store.example/", "https://store.example.evil/", "https://store.example:444/"} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, u, nil)
		if res, err := g.RoundTrip(req); err == nil {
			res.Body.Close()
			t.Errorf("%s was asked", u)
		}
	}
	if hits.Load() != 0 {
		t.Error("a request arrived")
	}
}

// Libraries bring clients that follow: the guard below them must not let a
// redirect through in the first place.
func TestAGuardRefusesRedirectsAlsoUnderAClientThatFollows(t *testing.T) {
	var caught atomic.Int64
	srv, client := remotetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/caught" {
			caught.Add(1)
			return
		}
		http.Redirect(w, req, "/caught", http.StatusTemporaryRedirect)
	}), nil)
	g := &remote.Guard{Next: client.Transport(), Hosts: []string{srv.Listener.Addr().String()}}
	defer g.Close()
	res, err := (&http.Client{Transport: g}).Get(srv.URL)
	if err == nil {
		res.Body.Close()
	}
	if !errors.Is(err, remote.ErrRefused) || caught.Load() != 0 {
		t.Errorf("%v, followed %d times", err, caught.Load())
	}
}

// A proxy learns whom this device talks to, and how much. Seen to fail with Proxy set
// whatever HTTP says.
func TestNoProxyUnlessItIsAskedFor(t *testing.T) {
	quiet, asked := remote.HTTP{}.Transport(), remote.HTTP{ProxyFromEnvironment: true}.Transport()
	defer quiet.Close()
	defer asked.Close()
	if quiet.Proxy != nil || asked.Proxy == nil {
		t.Error("the environment decides, or cannot where it may")
	}
}
