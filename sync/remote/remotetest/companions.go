package remotetest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"

	"phivault/sync/remote"
)

// companions runs the attacks on what an adapter can do beside putting, getting and
// listing: redirects, text in errors, and a watch that says anything for ever.
func (o TransportOptions) companions(t *testing.T) {
	var caught atomic.Int64
	trap := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { caught.Add(1) })
	plain := httptest.NewServer(trap)
	t.Cleanup(plain.Close)
	other, _ := Serve(t, trap, nil)
	for i, status := range []int{301, 307, 308, 400, 403, 500} {
		o.both(t, strconv.Itoa(status), func(w http.ResponseWriter, req *http.Request) {
			if status < 400 {
				w.Header().Set("Location", []string{plain.URL, other.URL}[i%2]+req.URL.Path)
			}
			w.Header().Set("Content-Type", "application/xml")
			w.WriteHeader(status)
			io.WriteString(w, "<?xml version=\"1.0\"?><Error><Code>"+hostileText+"</Code><Message>"+hostileText+"</Message></Error>")
		}, func(t *testing.T, r remote.Remote) {
			if d, ok := r.(remote.Deleter); ok {
				wantFault(t, d.Delete(t.Context(), Name()), remote.ErrRefused, remote.ErrUnavailable)
			}
			for _, err := range watched(t, r) {
				wantFault(t, err, remote.ErrRefused, remote.ErrUnavailable)
			}
		})
	}
	if n := caught.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
	var poured atomic.Int64
	for name, portion := range map[string]string{"a line without end": hostileText, "no names": hostileText + "\n", "names of others": "v1/" + "aaaaaaaaaaaaaaaa" + Name().String()[19:] + "\n"} {
		o.both(t, "a watch of "+name, func(w http.ResponseWriter, req *http.Request) {
			pour(w, req, &poured, bytes.Repeat([]byte(portion), 1000), 0)
		}, func(t *testing.T, r remote.Remote) {
			poured.Store(0)
			for n, err := range watched(t, r) {
				if wantFault(t, err, remote.ErrRefused); err == nil {
					t.Fatalf("it heard of %q", n)
				}
			}
			if n := poured.Load(); n > 64<<20 {
				t.Errorf("the server could send %d MiB", n>>20)
			}
		})
	}
}

// watched listens until there is an error; nothing where nobody can listen.
func watched(t *testing.T, r remote.Remote) func(func(remote.Name, error) bool) {
	w, ok := r.(remote.Watcher)
	if !ok {
		return func(func(remote.Name, error) bool) {}
	}
	return w.Watch(t.Context(), Space())
}
