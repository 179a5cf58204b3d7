package attacktest

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/remotetest"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
)

// The attacks here go through the whole client: journal, engine, adapter, TLS. The
// adapters' own suite (remotetest.Transport) takes each apart on HTTP/1.1 and HTTP/2.

// Attack 18. The host alters what it says of its objects: ETag, Last-Modified, the
// order and the sizes of its listings. Expected: no effect; devices converge. Seen to
// stop a sync with s3.Get refusing another ETag than it had, and with webdav.Get refusing
// what was modified in the future.
func TestAttack18MetadataAltered(t *testing.T) {
	everyAdapter(t, nil, nil, func(t *testing.T, w *world, s *server, r remote.Remote) {
		s.header = func(h http.Header) {
			h.Set("ETag", `"`+strconv.Itoa(s.requests)+`"`)
			h.Set("Last-Modified", "Fri, 31 Dec 9999 23:59:59 GMT")
			h.Set("X-Amz-Version-Id", strings.Repeat("9", 200))
		}
		s.listing = []string{"v1/zzz", "../../etc/passwd"}
		for _, d := range []*journaltest.Device{w.a, w.b, w.a, w.c} {
			if err := over(d, r); err != nil {
				t.Fatal(err)
			}
		}
		if w.a.Contents(t) != w.b.Contents(t) || w.a.Contents(t) != w.c.Contents(t) {
			t.Error("they differ")
		}
	})
}

// Attack 41. Bodies without end, with a length that lies, that unpack to more, that
// drip. Expected: refused, within memory and time that do not depend on the host. Seen
// to succeed with Guard's watch on progress removed, for the drip, and with the journal's
// limit on what it reads, for more than a segment. The others are stopped twice: by Guard,
// and by adapters that take no body without its length and a journal that takes none of
// that size.
func TestAttack41HostileBodies(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 64<<20))
	z.Close()
	portion := make([]byte, 64<<10)
	var sent atomic.Int64
	pour := func(w http.ResponseWriter, req *http.Request, b []byte, pause time.Duration) {
		for req.Context().Err() == nil {
			n, err := w.Write(b)
			if sent.Add(int64(n)); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(pause):
			case <-req.Context().Done():
			}
		}
	}
	for name, h := range map[string]http.HandlerFunc{
		"10 GiB announced": func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(10<<30))
			pour(w, req, portion, 0)
		},
		"no end": func(w http.ResponseWriter, req *http.Request) { pour(w, req, portion, 0) },
		"more than a segment": func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(64<<20))
			for range 1024 {
				if _, err := w.Write(portion); err != nil {
					return
				}
				sent.Add(int64(len(portion)))
			}
		},
		"a bomb": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", strconv.Itoa(bomb.Len()))
			w.Write(bomb.Bytes())
		},
		"a drip": func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("Content-Length", "100000")
			pour(w, req, portion[:1], 20*time.Millisecond)
		},
	} {
		t.Run(name, func(t *testing.T) {
			everyAdapter(t, nil, nil, func(t *testing.T, w *world, s *server, r remote.Remote) {
				sent.Store(0)
				s.instead = func(rw http.ResponseWriter, req *http.Request) {
					rw.Header().Set("ETag", `"0123456789abcdef0123456789abcdef"`)
					rw.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
					h(rw, req)
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				w.refusesOver(t, r, remote.ErrTooLarge, remote.ErrRefused, remote.ErrUnavailable, journal.ErrGone)
				runtime.ReadMemStats(&after)
				if n := sent.Load(); n > 256<<20 {
					t.Errorf("the host could send %d MiB", n>>20)
				}
				if n := int64(after.HeapInuse) - int64(before.HeapInuse); n > 64<<20 {
					t.Errorf("%d MiB more memory in use", n>>20)
				}
				w.converges(t, s, r)
			})
		})
	}
}

// Attack 44. Text that commands a terminal, in the status line, in headers and in bodies
// of errors. Expected: none of it in the client's error. Seen to succeed with
// remote.Failed quoting what net/http said, for status line and header, and with s3's
// fault quoting the message.
func TestAttack44HostileText(t *testing.T) {
	everyAdapter(t, nil, nil, func(t *testing.T, w *world, s *server, r remote.Remote) {
		for _, status := range []int{400, 401, 403, 409, 418, 500, 507} {
			s.instead = func(rw http.ResponseWriter, _ *http.Request) {
				rw.Header().Set("WWW-Authenticate", `Basic realm="PWNED"`)
				rw.Header().Set("X-Amz-Request-Id", "PWNED")
				rw.Header().Set("Content-Type", "application/xml")
				rw.WriteHeader(status)
				io.WriteString(rw, "<?xml version=\"1.0\"?><Error><Code>PWNED"+hostileText+"</Code><Message>"+hostileText+"</Message></Error>")
			}
			w.refusesOver(t, r, remote.ErrRefused, remote.ErrUnavailable, remote.ErrExists)
		}
		w.converges(t, s, r)
	})
	everyAdapter(t, func(s *httptest.Server) { s.EnableHTTP2 = false }, nil, func(t *testing.T, w *world, s *server, r remote.Remote) {
		for _, raw := range []string{"HTTP/1.1 403 " + hostileText + "\r\nContent-Length: 0\r\n\r\n", hostileText + "\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: " + hostileText + "\r\n\r\n", "HTTP/1.1 200 OK\r\n" + hostileText + ": x\r\n\r\n"} {
			s.instead = func(rw http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(rw).Hijack()
				if err == nil {
					io.WriteString(conn, raw)
					conn.Close()
				}
			}
			w.refusesOver(t, r, remote.ErrRefused, remote.ErrUnavailable)
		}
		w.converges(t, s, r)
	})
}

// Attack 45. A redirect of any kind, to another server and to plain text. Expected:
// refused; nothing, least of all a credential, arrives where it leads. Seen to succeed
// with Guard's look at 3xx removed and an http.Client in the transport's place.
func TestAttack45Redirects(t *testing.T) {
	var caught atomic.Int64
	trap := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { caught.Add(1); io.WriteString(w, "PWNED") })
	plain := httptest.NewServer(trap)
	defer plain.Close()
	other, _ := remotetest.Serve(t, trap, nil)
	everyAdapter(t, nil, nil, func(t *testing.T, w *world, s *server, r remote.Remote) {
		for _, status := range []int{300, 301, 302, 303, 307, 308} {
			s.instead = func(rw http.ResponseWriter, req *http.Request) {
				rw.Header().Set("Location", []string{plain.URL, other.URL}[status%2]+req.URL.Path)
				rw.WriteHeader(status)
			}
			w.refusesOver(t, r, remote.ErrRefused)
		}
		w.converges(t, s, r)
	})
	if n := caught.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

// Attack 46. A server that speaks TLS 1.2, has another name, is expired, or has not
// the pinned key. Expected: untrusted, and not one request is sent. Seen to succeed with
// MinVersion 1.2, and with InsecureSkipVerify and no VerifyConnection, in HTTP.TLS.
func TestAttack46AnotherServer(t *testing.T) {
	certificate := func(t *testing.T, change func(*x509.Certificate)) func(*httptest.Server) {
		return func(s *httptest.Server) {
			cert, _ := remotetest.Certificate(t, change)
			s.TLS.Certificates = []tls.Certificate{cert}
		}
	}
	believe := func(h remote.HTTP, s *httptest.Server) remote.HTTP {
		h.Roots = x509.NewCertPool()
		h.Roots.AddCert(s.TLS.Certificates[0].Leaf)
		return h
	}
	pinned := func(h remote.HTTP, s *httptest.Server) remote.HTTP {
		h.Pin = remote.PinOf(s.TLS.Certificates[0].Leaf)
		return h
	}
	old := func(s *httptest.Server) { s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	for name, c := range map[string]struct {
		server func(*httptest.Server)
		client func(remote.HTTP, *httptest.Server) remote.HTTP
	}{
		"TLS 1.2":              {old, nil},
		"TLS 1.2, right pin":   {old, pinned},
		"another name":         {certificate(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"elsewhere.example"} }), believe},
		"expired":              {certificate(t, expired), believe},
		"expired, right pin":   {certificate(t, expired), pinned},
		"nobody's certificate": {certificate(t, nil), nil},
		"another key":          {nil, func(h remote.HTTP, _ *httptest.Server) remote.HTTP { h.Pin = remote.Pin{1}; return h }},
	} {
		t.Run(name, func(t *testing.T) {
			everyAdapter(t, c.server, c.client, func(t *testing.T, w *world, s *server, r remote.Remote) {
				w.refusesOver(t, r, remote.ErrUntrusted)
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.requests > 0 {
					t.Errorf("%d requests were sent", s.requests)
				}
			})
		})
	}
}
