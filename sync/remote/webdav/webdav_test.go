package webdav_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/remotetest"
	"phivault/sync/remote/webdav"
)

var cred = webdav.Credentials{Username: "user", Secret: remotetest.Secret}

func open(t *testing.T, url string, h remote.HTTP) *webdav.Remote {
	t.Helper()
	r, err := webdav.Open(webdav.Config{URL: url, HTTP: h}, cred)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// share is a small WebDAV server in memory, with the manners of Apache's: parents
// must exist, and a put is visible when it is complete.
type share struct {
	mu    sync.Mutex
	files map[string][]byte
	dirs  map[string]bool
	// racy makes every move overwrite, and say that it created.
	racy bool
	// dates are when a file was written, where the server says so.
	dates map[string]time.Time
}

func newShare() *share {
	return &share{files: map[string][]byte{}, dirs: map[string]bool{"/dav/share": true}}
}

func (s *share) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if user, pass, ok := req.BasicAuth(); !ok || user != cred.Username || pass != cred.Secret {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	p := strings.TrimSuffix(req.URL.Path, "/")
	parent := p[:strings.LastIndex(p, "/")]
	var body []byte
	if req.Method == http.MethodPut {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		body = b
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch req.Method {
	case http.MethodGet, http.MethodHead:
		b, ok := s.files[p]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		if req.Method == http.MethodGet {
			w.Write(b)
		}
	case http.MethodPut:
		if !s.dirs[parent] {
			w.WriteHeader(http.StatusConflict)
			return
		}
		s.files[p] = body
		w.WriteHeader(http.StatusCreated)
	case "MKCOL":
		if s.dirs[p] {
			w.WriteHeader(http.StatusMethodNotAllowed)
		} else if !s.dirs[parent] {
			w.WriteHeader(http.StatusConflict)
		} else {
			s.dirs[p] = true
			w.WriteHeader(http.StatusCreated)
		}
	case "MOVE":
		_, dest, _ := strings.Cut(strings.TrimPrefix(req.Header.Get("Destination"), "https://"), "/")
		dest = "/" + dest
		if _, taken := s.files[dest]; taken && !s.racy {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		if b, ok := s.files[p]; !ok || req.Header.Get("Overwrite") != "F" {
			w.WriteHeader(http.StatusNotFound)
		} else if !s.dirs[dest[:strings.LastIndex(dest, "/")]] {
			w.WriteHeader(http.StatusConflict)
		} else {
			s.files[dest] = b
			delete(s.files, p)
			w.WriteHeader(http.StatusCreated)
		}
	case http.MethodDelete:
		if _, ok := s.files[p]; !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		delete(s.files, p)
		w.WriteHeader(http.StatusNoContent)
	case "PROPFIND":
		if !s.dirs[p] {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.WriteHeader(http.StatusMultiStatus)
		io.WriteString(w, `<?xml version="1.0" encoding="utf-8"?><D:multistatus xmlns:D="DAV:">`)
		one := func(href, props string) {
			fmt.Fprintf(w, `<D:response><D:href>%s</D:href><D:propstat><D:prop>%s</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>`, href, props)
		}
		one(p+"/", `<D:resourcetype><D:collection/></D:resourcetype>`)
		for d := range s.dirs {
			if d[:strings.LastIndex(d, "/")] == p {
				one(d+"/", `<D:resourcetype><D:collection/></D:resourcetype>`)
			}
		}
		for f, b := range s.files {
			if f[:strings.LastIndex(f, "/")] == p {
				dated := ""
				if s.dates != nil {
					then, ok := s.dates[f]
					if !ok {
						then = s.dates[""]
					}
					dated = `<D:getlastmodified>` + then.UTC().Format(http.TimeFormat) + `</D:getlastmodified>`
				}
				one(f, `<D:resourcetype/><D:getcontentlength>`+strconv.Itoa(len(b))+`</D:getcontentlength>`+dated)
			}
		}
		io.WriteString(w, `</D:multistatus>`)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// left counts uploads that got no name.
func (s *share) left() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for f := range s.files {
		if strings.HasPrefix(f, "/dav/share/tmp/") {
			n++
		}
	}
	return n
}

// A server's clock, years off: what it dates a day before what was just written is gone.
func TestWhatDeadWritersLeftIsSweptByTheServersClock(t *testing.T) {
	now := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	for name, dated := range map[string]bool{"a server that says when": true, "one that does not": false} {
		s := newShare()
		s.dirs["/dav/share/tmp"] = true
		part := func(c string) string { return "/dav/share/tmp/" + strings.Repeat(c, 26) }
		for _, f := range []string{part("d"), part("s"), part("a"), "/dav/share/tmp/another's"} {
			s.files[f] = []byte("x")
		}
		if dated {
			s.dates = map[string]time.Time{"": now, part("d"): now.Add(-25 * time.Hour), part("s"): now.Add(-23 * time.Hour),
				"/dav/share/tmp/another's": now.Add(-99 * time.Hour)}
		}
		srv, client := remotetest.Serve(t, s, nil)
		r := open(t, srv.URL+"/dav/share", client)
		if err := r.Put(t.Context(), remotetest.Name(), strings.NewReader("y"), 1); err != nil {
			t.Fatal(err)
		}
		_, dead := s.files[part("d")]
		if want := map[bool]int{true: 3, false: 4}[dated]; s.left() != want || dead == dated {
			t.Errorf("%s: %d left, the dead one's %v", name, s.left(), dead)
		}
	}
}

func TestContract(t *testing.T) {
	for name, racy := range map[string]bool{"a careful server": false, "a server whose moves overwrite": true} {
		t.Run(name, func(t *testing.T) {
			s := newShare()
			s.racy = racy
			srv, client := remotetest.Serve(t, s, nil)
			remotetest.Run(t, remotetest.Options{
				Open:    func(t *testing.T) remote.Remote { return open(t, srv.URL+"/dav/share/", client) },
				Buffers: true, Lists: true, Deletes: true,
			})
			if n := s.left(); n != 0 {
				t.Errorf("%d uploads were left behind", n)
			}
		})
	}
}

func TestBigBodiesPassInLittleMemory(t *testing.T) {
	var size string
	sink := remotetest.Sink(&size)
	moved := false
	srv, client := remotetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if moved = moved || req.Method == "MOVE"; moved && req.Method == http.MethodHead {
			w.WriteHeader(http.StatusOK)
			return
		}
		sink.ServeHTTP(w, req)
	}), nil)
	remotetest.Big(t, open(t, srv.URL, client))
}

func TestFoulWeather(t *testing.T) {
	s := newShare()
	srv, client := remotetest.Serve(t, s, nil)
	remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote {
		return faults.New(open(t, srv.URL+"/dav/share", client), faults.Plan{Seed: 3, Down: .1, Lost: .2, Cut: .2})
	}})
	p, err := faults.NewProxy(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Set(faults.Weather{Cut: 30_000, Ragged: true, Reset: true})
	remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote {
		return open(t, "https://"+p.Addr()+"/dav/share", client)
	}})
}

func TestAttack41And44And45And46Transport(t *testing.T) {
	remotetest.Transport(t, remotetest.TransportOptions{Open: func(t *testing.T, url string, h remote.HTTP) remote.Remote {
		return open(t, url+"/dav/share", h)
	}})
}

func TestWhatIsNoShareIsRefused(t *testing.T) {
	for _, u := range []string{"", "http://h/", "https://", "https://u:" + remotetest.Secret + "@h/", "https://h/?q", "https://h/#f",
		"https:h", "ftp://h/", "https://h:port:/", "\x00"} {
		if r, err := webdav.Open(webdav.Config{URL: u}, cred); err == nil {
			t.Errorf("%q gave %v", u, r)
		} else if strings.Contains(err.Error(), remotetest.Secret) {
			t.Errorf("%v", err)
		}
	}
	if s := fmt.Sprintf("%v %+v %#v", cred, cred, cred); strings.Contains(s, remotetest.Secret) {
		t.Errorf("credentials print as %s", s)
	}
}

// A real Apache, which .ci/webdav-server starts: PHIVAULT_TEST_WEBDAV=1 demands it.
func TestContractOnARealServer(t *testing.T) {
	if os.Getenv("PHIVAULT_TEST_WEBDAV") == "" {
		t.Skip("PHIVAULT_TEST_WEBDAV is not set: no server to test against")
	}
	pem, err := os.ReadFile(os.Getenv("PHIVAULT_TEST_WEBDAV_CA"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatal("no certificate in PHIVAULT_TEST_WEBDAV_CA")
	}
	url := os.Getenv("PHIVAULT_TEST_WEBDAV_URL")
	real := webdav.Credentials{Username: os.Getenv("PHIVAULT_TEST_WEBDAV_USER"), Secret: os.Getenv("PHIVAULT_TEST_WEBDAV_SECRET")}
	connect := func(t *testing.T, url string, c webdav.Credentials) remote.Remote {
		r, err := webdav.Open(webdav.Config{URL: url, HTTP: remote.HTTP{Roots: roots}}, c)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	remotetest.Run(t, remotetest.Options{
		Open:  func(t *testing.T) remote.Remote { return connect(t, url, real) },
		Lists: true, Deletes: true,
	})
	t.Run("a wrong secret is refused", func(t *testing.T) {
		bad := connect(t, url, webdav.Credentials{Username: real.Username, Secret: remotetest.Secret})
		defer bad.Close()
		_, _, err := bad.Get(t.Context(), remotetest.Name())
		if !errors.Is(err, remote.ErrRefused) || strings.Contains(err.Error(), remotetest.Secret) {
			t.Errorf("%v", err)
		}
	})
	rest, _ := strings.CutPrefix(url, "https://")
	host, path, _ := strings.Cut(rest, "/")
	p, err := faults.NewProxy(host)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.Set(faults.Weather{Cut: 30_000, Ragged: true, Reset: true})
	if remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote { return connect(t, "https://"+p.Addr()+"/"+path, real) }}) == 0 {
		t.Error("nothing failed: the proxy is not in the way")
	}
}

// Two moves to one name, both said to have created it: who was overwritten must
// hear that another object stands there.
func TestWhoWasOverwrittenIsTold(t *testing.T) {
	s := newShare()
	n := remotetest.Name()
	srv, client := remotetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		s.ServeHTTP(w, req)
		if req.Method == "MOVE" {
			s.mu.Lock()
			s.files["/dav/share/"+n.String()] = []byte("theirs")
			s.mu.Unlock()
		}
	}), nil)
	r := open(t, srv.URL+"/dav/share", client)
	for _, mine := range []string{"mine", "ours!!"} { // of another size and of the same
		if err := r.Put(t.Context(), n, strings.NewReader(mine), int64(len(mine))); !errors.Is(err, remote.ErrExists) {
			t.Errorf("%q: %v", mine, err)
		}
		s.mu.Lock()
		delete(s.files, "/dav/share/"+n.String())
		s.mu.Unlock()
	}
}
