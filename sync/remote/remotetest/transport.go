package remotetest

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"phivault/sync/remote"
)

func silent() *log.Logger { return log.New(io.Discard, "", 0) }

// TransportOptions say how to reach a server with an adapter.
type TransportOptions struct {
	// Open gives the adapter for the server at url, https://host:port, with
	// credentials that contain Secret where it has any. The suite closes it.
	Open func(t *testing.T, url string, h remote.HTTP) remote.Remote
}

// Secret is what must never be seen: in an error, or at another server.
const Secret = "s3cr3tCANARYs3cr3t"

const pwned = "PWNED"

// hostileText is what a server may put wherever text goes.
const hostileText = pwned + "\x1b]52;c;aGVsbG8=\x07\x1b[2J\u009b31m\u202e\u2066"

// Transport runs attacks 41, 44, 45 and 46 on an adapter that speaks HTTP.
func Transport(t *testing.T, o TransportOptions) {
	t.Run("41 bodies", o.bodies)
	t.Run("41 silence", o.silence)
	t.Run("44 text in errors", o.texts)
	t.Run("45 redirects", o.redirects)
	t.Run("41, 44 and 45 at companions", o.companions)
	t.Run("46 identity", o.identity)
}

// impatient are limits that end a test soon.
var impatient = remote.Limits{Dial: 5 * time.Second, Header: 300 * time.Millisecond, Stall: 300 * time.Millisecond, MinBytes: 64 << 10}

// both runs a handler as a server of HTTP/1.1 and one of HTTP/2.
func (o TransportOptions) both(t *testing.T, name string, h http.HandlerFunc, attack func(t *testing.T, r remote.Remote)) {
	for proto, h2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name+" "+proto, func(t *testing.T) {
			done := make(chan struct{})
			s, c := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				h(w, req.WithContext(join(req.Context(), done)))
			}), func(s *httptest.Server) { s.EnableHTTP2 = h2 })
			c.Limits = impatient
			r := o.Open(t, s.URL, c)
			attack(t, r)
			r.Close()
			close(done)
		})
	}
}

// wantFault checks an error's kind and that it is fit to print.
func wantFault(t *testing.T, err error, kinds ...error) {
	t.Helper()
	if err == nil {
		t.Error("the attack succeeded")
		return
	}
	if len(kinds) > 0 && !anyOf(err, kinds) {
		t.Errorf("got %v, want one of %v", err, kinds)
	}
	said := fmt.Sprintf("%v %+v %#v", err, err, err.Error())
	for _, w := range []string{pwned, Secret, "127.0.0.1"} {
		if strings.Contains(said, w) {
			t.Errorf("the error quotes %q: %q", w, said)
		}
	}
	if strings.ContainsFunc(err.Error(), func(r rune) bool { return !unicode.IsPrint(r) }) || len(err.Error()) > 400 {
		t.Errorf("the error is unfit for a terminal: %q", err)
	}
}

func anyOf(err error, kinds []error) bool {
	for _, k := range kinds {
		if errors.Is(err, k) {
			return true
		}
	}
	return false
}

// object is the header of an object's answer, as S3 wants it.
func object(w http.ResponseWriter, length string) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	h.Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
	if length != "" {
		h.Set("Content-Length", length)
	}
}

// pour writes until the client has had enough, and counts.
func pour(w http.ResponseWriter, req *http.Request, count *atomic.Int64, portion []byte, pause time.Duration) {
	rc := http.NewResponseController(w)
	for req.Context().Err() == nil {
		n, err := w.Write(portion)
		count.Add(int64(n))
		if err != nil || rc.Flush() != nil {
			return
		}
		if pause > 0 {
			select {
			case <-time.After(pause):
			case <-req.Context().Done():
			}
		}
	}
}

func (o TransportOptions) bodies(t *testing.T) {
	var poured atomic.Int64
	big := make([]byte, 64<<10)
	get := func(kinds ...error) func(*testing.T, remote.Remote) {
		return func(t *testing.T, r remote.Remote) {
			poured.Store(0)
			_, err := Get(t.Context(), r, Name())
			wantFault(t, err, kinds...)
			if n := poured.Load(); n > 64<<20 {
				t.Errorf("the server could send %d MiB", n>>20)
			}
		}
	}
	o.both(t, "10 GiB announced", func(w http.ResponseWriter, req *http.Request) {
		object(w, strconv.Itoa(10<<30))
		pour(w, req, &poured, big, 0)
	}, get(remote.ErrTooLarge))
	o.both(t, "no length and no end", func(w http.ResponseWriter, req *http.Request) {
		object(w, "")
		pour(w, req, &poured, big, 0)
	}, get(remote.ErrRefused))
	o.both(t, "shorter than announced", func(w http.ResponseWriter, _ *http.Request) {
		object(w, "1000")
		w.Write(big[:500])
	}, get(remote.ErrUnavailable))
	o.both(t, "nothing announced", func(w http.ResponseWriter, _ *http.Request) { object(w, "0") },
		get(remote.ErrRefused, remote.ErrUnavailable))
	var bomb bytes.Buffer // made before anybody waits for it
	z := gzip.NewWriter(&bomb)
	z.Write(make([]byte, 8<<20))
	z.Close()
	o.both(t, "gzip bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		object(w, strconv.Itoa(bomb.Len()))
		w.Write(bomb.Bytes())
	}, get(remote.ErrRefused))
	o.both(t, "one byte at a time", func(w http.ResponseWriter, req *http.Request) {
		object(w, "1000000")
		pour(w, req, &poured, big[:1], 2*time.Millisecond)
	}, get(remote.ErrUnavailable))
	o.both(t, "headers without end", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 200 {
			w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("h", 8<<10))
		}
		object(w, "1")
		w.Write(big[:1])
	}, get(remote.ErrUnavailable, remote.ErrRefused))
	o.both(t, "a listing without end", func(w http.ResponseWriter, req *http.Request) {
		if req.Method == "PROPFIND" {
			w.WriteHeader(http.StatusMultiStatus)
			io.WriteString(w, "<multistatus>")
		}
		pour(w, req, &poured, bytes.Repeat([]byte("<response>\n"), 3000), 0)
	}, func(t *testing.T, r remote.Remote) {
		poured.Store(0)
		var failed error
		for _, err := range remote.List(t.Context(), r, Space()) {
			failed = err
		}
		wantFault(t, failed, remote.ErrRefused, remote.ErrTooLarge, remote.ErrUnavailable)
		if n := poured.Load(); n > 64<<20 {
			t.Errorf("the server could send %d MiB", n>>20)
		}
	})
}

func (o TransportOptions) silence(t *testing.T) {
	hang := func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() }
	o.both(t, "no answer to a get", hang, func(t *testing.T, r remote.Remote) {
		_, err := Get(t.Context(), r, Name())
		wantFault(t, err, remote.ErrUnavailable)
	})
	o.both(t, "a put that is not taken", func(w http.ResponseWriter, req *http.Request) {
		if req.Method == http.MethodHead || req.Method == "MKCOL" { // let WebDAV come as far as its upload
			w.WriteHeader(map[string]int{"MKCOL": 201}[req.Method] + map[string]int{"HEAD": 404}[req.Method])
			return
		}
		hang(w, req)
	}, func(t *testing.T, r remote.Remote) {
		const size = 64 << 20
		err := r.Put(t.Context(), Name(), &stream{left: size, peak: new(uint64), step: size}, size)
		wantFault(t, err, remote.ErrUnavailable)
	})
	t.Run("a port that never speaks", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		limits := impatient
		limits.Dial = 200 * time.Millisecond
		r := o.Open(t, "https://"+l.Addr().String(), remote.HTTP{Limits: limits})
		defer r.Close()
		_, err = Get(t.Context(), r, Name())
		wantFault(t, err, remote.ErrUnavailable)
	})
}

func (o TransportOptions) texts(t *testing.T) {
	for _, status := range []int{400, 401, 403, 404, 405, 409, 412, 413, 418, 429, 500, 503, 507, 599} {
		body := hostileText
		if status%2 == 1 {
			body = "<?xml version=\"1.0\"?><Error><Code>" + hostileText[5:] + pwned + "</Code><Message>" + pwned + "</Message></Error>"
		}
		o.both(t, strconv.Itoa(status), func(w http.ResponseWriter, req *http.Request) {
			w.Header().Set("X-Amz-Request-Id", pwned)
			w.Header().Set("WWW-Authenticate", `Basic realm="`+pwned+`"`)
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
			w.WriteHeader(status)
			io.WriteString(w, body)
		}, func(t *testing.T, r remote.Remote) {
			_, err := Get(t.Context(), r, Name())
			wantFault(t, err)
			wantFault(t, r.Put(t.Context(), Name(), strings.NewReader("object"), 6))
			if retry := remote.Retryable(err); retry != (status == 429 || status == 500 || status == 503 || status == 599) {
				t.Errorf("status %d: repeating it is said to be of use: %v", status, retry)
			}
		})
	}
	// What no net/http server says: a reason, a header and a status line of its own.
	for name, raw := range map[string]string{
		"reason phrase": "HTTP/1.1 400 " + hostileText + "\r\nContent-Length: 0\r\n\r\n",
		"header":        "HTTP/1.1 200 OK\r\nETag: " + hostileText + "\r\nContent-Length: 0\r\n\r\n",
		"header name":   "HTTP/1.1 200 OK\r\n" + hostileText + ": x\r\nContent-Length: 0\r\n\r\n",
		"status line":   hostileText + "\r\n\r\n",
		"length":        "HTTP/1.1 200 OK\r\nContent-Length: " + hostileText + "\r\n\r\n",
		"two lengths":   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n" + pwned,
		"negative":      "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + pwned,
	} {
		t.Run(name, func(t *testing.T) {
			s, c := Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if err == nil {
					io.WriteString(conn, raw)
					conn.Close()
				}
			}), func(s *httptest.Server) { s.EnableHTTP2 = false })
			c.Limits = impatient
			r := o.Open(t, s.URL, c)
			defer r.Close()
			_, err := Get(t.Context(), r, Name())
			wantFault(t, err)
		})
	}
}

func (o TransportOptions) redirects(t *testing.T) {
	var mu sync.Mutex
	var caught []string
	trap := http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		caught = append(caught, fmt.Sprint(req.URL, req.Header))
		object(w, "5")
		io.WriteString(w, pwned)
	})
	plain := httptest.NewServer(trap)
	t.Cleanup(plain.Close)
	other, _ := Serve(t, trap, nil)
	var answer atomic.Value // of redirect
	type redirect struct {
		status int
		to     string
	}
	o.both(t, "each status", func(w http.ResponseWriter, req *http.Request) {
		if strings.HasPrefix(req.URL.Path, "/elsewhere/") {
			trap(w, req)
			return
		}
		a := answer.Load().(redirect)
		w.Header().Set("Location", a.to+"/elsewhere/"+pwned)
		w.Header().Set("X-Amz-Bucket-Region", "elsewhere-1")
		w.WriteHeader(a.status)
	}, func(t *testing.T, r remote.Remote) {
		for _, status := range []int{300, 301, 302, 303, 305, 307, 308} {
			for i, to := range []string{plain.URL, other.URL, ""} {
				if i > 0 && status != 307 {
					continue // where to matters once
				}
				answer.Store(redirect{status, to})
				_, err := Get(t.Context(), r, Name())
				wantFault(t, err, remote.ErrRefused)
				wantFault(t, r.Put(t.Context(), Name(), strings.NewReader("object"), 6), remote.ErrRefused)
			}
		}
		for _, err := range remote.List(t.Context(), r, Space()) {
			wantFault(t, err, remote.ErrRefused, remote.ErrUnsupported)
		}
	})
	mu.Lock()
	defer mu.Unlock()
	for _, c := range caught {
		t.Errorf("a redirect was followed: %s", c)
	}
}

func (o TransportOptions) identity(t *testing.T) {
	var requests atomic.Int64
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		requests.Add(1)
		object(w, "5")
		io.WriteString(w, pwned)
	})
	refused := func(t *testing.T, change func(*httptest.Server), client func(remote.HTTP, *httptest.Server) remote.HTTP) {
		t.Helper()
		s, c := Serve(t, h, change)
		c.Limits = impatient
		c.Limits.Header = 5 * time.Second
		if client != nil {
			c = client(c, s)
		}
		r := o.Open(t, s.URL, c)
		defer r.Close()
		_, err := Get(t.Context(), r, Name())
		wantFault(t, err, remote.ErrUntrusted)
		if remote.Retryable(err) {
			t.Error("it asks to be repeated")
		}
		wantFault(t, r.Put(t.Context(), Name(), strings.NewReader("object"), 6), remote.ErrUntrusted)
	}
	with := func(change func(*x509.Certificate)) func(*httptest.Server) {
		return func(s *httptest.Server) {
			cert, _ := Certificate(t, change)
			s.TLS.Certificates = []tls.Certificate{cert}
		}
	}
	trust := func(c remote.HTTP, s *httptest.Server) remote.HTTP {
		c.Roots = x509.NewCertPool()
		c.Roots.AddCert(s.TLS.Certificates[0].Leaf)
		return c
	}
	pin := func(c remote.HTTP, s *httptest.Server) remote.HTTP {
		return remote.HTTP{Pin: remote.PinOf(s.TLS.Certificates[0].Leaf), Limits: c.Limits}
	}
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	}
	future := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
	}
	elsewhere := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{pwned + "\x1b[2J.example"} }

	t.Run("TLS 1.2", func(t *testing.T) {
		refused(t, func(s *httptest.Server) { s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }, nil)
	})
	t.Run("TLS 1.2 with the right pin", func(t *testing.T) {
		refused(t, func(s *httptest.Server) { s.TLS.MinVersion, s.TLS.MaxVersion = tls.VersionTLS12, tls.VersionTLS12 }, pin)
	})
	t.Run("an unknown issuer", func(t *testing.T) { refused(t, with(nil), nil) })
	t.Run("another name", func(t *testing.T) { refused(t, with(elsewhere), trust) })
	t.Run("expired", func(t *testing.T) { refused(t, with(expired), trust) })
	t.Run("not yet valid", func(t *testing.T) { refused(t, with(future), trust) })
	t.Run("a changed pin", func(t *testing.T) {
		refused(t, nil, func(c remote.HTTP, s *httptest.Server) remote.HTTP { c.Pin = remote.Pin{1}; return c })
	})
	t.Run("the right pin, expired", func(t *testing.T) { refused(t, with(expired), pin) })
	if n := requests.Load(); n != 0 {
		t.Errorf("%d requests were sent to servers that had not proved who they are", n)
	}
	t.Run("the right pin", func(t *testing.T) {
		s, c := Serve(t, h, with(elsewhere))
		c.Limits = impatient
		c.Limits.Header = 5 * time.Second
		r := o.Open(t, s.URL, pin(c, s))
		defer r.Close()
		if b, err := Get(t.Context(), r, Name()); string(b) != pwned {
			t.Errorf("%q, %v", b, err)
		}
	})
}
