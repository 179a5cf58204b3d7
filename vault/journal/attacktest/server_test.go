package attacktest

import (
	"crypto/ed25519"
	"encoding/xml"

	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
	"phivault/sync/remote/s3"
	"phivault/sync/remote/webdav"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// server speaks just enough of our host's protocol, of S3 and of WebDAV to keep
// objects, and is the attacker's: instead may answer in its place, header may change
// what it says of an object, listing what it lists.
type server struct {
	mu       sync.Mutex
	objects  map[string][]byte // by name as text, or by any other path
	requests int
	instead  http.HandlerFunc
	header   func(http.Header)
	listing  []string
}

func (s *server) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if s.instead != nil {
		s.mu.Unlock()
		defer s.mu.Lock()
		s.instead(w, req)
		return
	}
	key := keyOf(req.URL.Path)
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("ETag", `"0123456789abcdef0123456789abcdef"`)
	h.Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
	if s.header != nil {
		s.header(h)
	}
	b, there := s.objects[key]
	switch {
	case req.Method == "PROPFIND" || req.URL.Query().Has("list-type") || req.Method == http.MethodGet && strings.Count(req.URL.Path, "/") == 2 && strings.HasPrefix(req.URL.Path, "/v1/"):
		s.list(w, req)
	case req.Method == http.MethodPut && there:
		w.WriteHeader(http.StatusPreconditionFailed)
	case req.Method == http.MethodPut:
		body, err := io.ReadAll(req.Body)
		if err == nil {
			s.objects[key] = body
			w.WriteHeader(map[bool]int{true: http.StatusOK, false: http.StatusCreated}[strings.HasPrefix(req.URL.Path, "/bucket/")])
		}
	case req.Method == "MKCOL":
		w.WriteHeader(http.StatusCreated)
	case req.Method == "MOVE" && there:
		to := keyOf(req.Header.Get("Destination"))
		if s.objects[to] != nil {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		s.objects[to] = b
		delete(s.objects, key)
		w.WriteHeader(http.StatusCreated)
	case req.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	case !there:
		w.WriteHeader(http.StatusNotFound)
	default:
		h.Set("Content-Length", strconv.Itoa(len(b)))
		if req.Method == http.MethodGet {
			w.Write(b)
		}
	}
}

// list answers in the manner of whom it was asked as. The names are the attacker's.
func (s *server) list(w http.ResponseWriter, req *http.Request) {
	text := func(n string) string {
		var b strings.Builder
		xml.EscapeText(&b, []byte(n))
		return b.String()
	}
	switch {
	case req.Method == "PROPFIND":
		w.WriteHeader(http.StatusMultiStatus)
		io.WriteString(w, `<D:multistatus xmlns:D="DAV:">`)
		for _, n := range s.listing {
			fmt.Fprintf(w, "<D:response><D:href>%s</D:href><D:propstat><D:prop><D:getcontentlength>-7</D:getcontentlength></D:prop></D:propstat></D:response>", text(path.Join(req.URL.Path, path.Base(n))))
			fmt.Fprintf(w, "<D:response><D:href>%s</D:href><D:propstat><D:prop><D:getcontentlength>99</D:getcontentlength></D:prop></D:propstat></D:response>", text(n))
		}
		io.WriteString(w, "</D:multistatus>")
	case req.URL.Query().Has("list-type"):
		w.Header().Set("Content-Type", "application/xml")
		io.WriteString(w, `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>`)
		for _, n := range s.listing {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>99</Size><LastModified>9999-01-01T00:00:00Z</LastModified></Contents>", text(n))
		}
		io.WriteString(w, "</ListBucketResult>")
	default:
		for _, n := range s.listing {
			fmt.Fprintln(w, n, 99)
		}
		io.WriteString(w, ".\n")
	}
}

// keyOf is an object's name in a path or address, or the path.
func keyOf(p string) string {
	if i := strings.Index(p, "v1/"); i >= 0 {
		return p[i:]
	}
	return p
}

// impatient are limits that end a test soon.
var impatient = remote.Limits{Dial: 5 * time.Second, Header: time.Second, Stall: 300 * time.Millisecond, MinBytes: 64 << 10}

// adapters are the kinds of network remotes, as a client opens them.
var adapters = map[string]func(vault remote.Space, url string, h remote.HTTP) (remote.Remote, error){
	"hosted": func(vault remote.Space, url string, h remote.HTTP) (remote.Remote, error) {
		key := ed25519.NewKeyFromSeed([]byte(remotetest.Secret + remotetest.Secret)[:32])
		return hosted.Open(hosted.Config{Address: strings.TrimPrefix(url, "https://"), Vault: vault, HTTP: h}, key)
	},
	"s3": func(_ remote.Space, url string, h remote.HTTP) (remote.Remote, error) {
		return s3.Open(s3.Config{Endpoint: strings.TrimPrefix(url, "https://"), Bucket: "bucket", Abilities: s3.Abilities{Exclusive: true}, HTTP: h},
			s3.Credentials{AccessKey: "access", SecretKey: remotetest.Secret})
	},
	"webdav": func(_ remote.Space, url string, h remote.HTTP) (remote.Remote, error) {
		return webdav.Open(webdav.Config{URL: url + "/dav", HTTP: h}, webdav.Credentials{Username: "user", Secret: remotetest.Secret})
	},
}

// everyAdapter runs an attack on a client of each kind. The server holds what the
// vault's store holds, with one segment of b's that a does not have.
func everyAdapter(t *testing.T, change func(*httptest.Server), client func(remote.HTTP, *httptest.Server) remote.HTTP, attack func(t *testing.T, w *world, s *server, r remote.Remote)) {
	for kind, open := range adapters {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t)
			w.b.Add(t, note("y", 1))
			w.sync(w.b)
			s := &server{objects: map[string][]byte{}}
			for n, b := range w.host.objects {
				s.objects[n.String()] = b
			}
			srv, h := remotetest.Serve(t, s, change)
			h.Limits = impatient
			if client != nil {
				h = client(h, srv)
			}
			r, err := open(segment.Space(w.a.VaultID()), srv.URL, h)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
			attack(t, w, s, r)
		})
	}
}

// over syncs d with the whole engine.
func over(d *journaltest.Device, r remote.Remote) error {
	_, err := engine.Sync(ctx, d.Journal, []engine.Target{{Name: "r", Remote: r}}, engine.Options{
		Harmless: func(err error) bool { return is(err, journal.ErrWaiting, journal.ErrUnreadable) }})
	return err
}

// refusesOver syncs a, which must fail as one of want with nothing changed, nothing
// of the vault or of its credentials in the error, and nothing in it that a terminal
// would obey.
func (w *world) refusesOver(t *testing.T, r remote.Remote, want ...error) {
	t.Helper()
	before := w.a.Logical(t)
	err := over(w.a, r)
	if !is(err, want...) {
		t.Fatalf("%v, want one of %v", err, want)
	}
	for _, s := range []string{canary, remotetest.Secret, hostileText[:5], "127.0.0.1", "\x1b", "\u202e", "\u009b", "\a"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("%q in an error: %q", s, err)
		}
	}
	if w.a.Logical(t) != before {
		t.Error("the database changed")
	}
}

// hostileText begins with a mark, and commands a terminal: its clipboard (OSC 52), its
// screen (CSI, also in C1), its direction.
const hostileText = "PWNED\x1b]52;c;aGVsbG8=\a\x1b[2J\u009b31m\u202e\u2066"

// converges shows that the server, honest again, is used as ever.
func (w *world) converges(t *testing.T, s *server, r remote.Remote) {
	t.Helper()
	s.mu.Lock()
	s.instead, s.header = nil, nil
	s.mu.Unlock()
	w.a.Add(t, note("z", 1))
	if err := over(w.a, r); err != nil {
		t.Fatalf("honest again: %v", err)
	}
	if err := over(w.b, r); err != nil {
		t.Fatalf("b: %v", err)
	}
	if w.a.Contents(t) != w.b.Contents(t) {
		t.Error("they differ")
	}
}
