// Package webdav keeps objects on a WebDAV share (RFC 4918).
//
// Servers do not keep their preconditions under load: of racing creations several
// succeed on Apache's mod_dav. So an object is uploaded under a name of its own,
// moved to its name with Overwrite: F, and read back; whoever finds another's
// bytes there learns ErrExists. The remote declares itself remote.Weak all the
// same. A reader never sees part of an object.
//
// It sends credentials to the one server it was given, over TLS 1.3, and never
// follows a redirect.
package webdav

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"phivault/sync/remote"
)

// Config names a share.
type Config struct {
	// URL is the https address of a collection that exists, without credentials,
	// query or fragment.
	URL  string
	HTTP remote.HTTP
}

// Credentials are sent as HTTP Basic (RFC 7617) with every request. Empty ones are
// not sent.
type Credentials struct{ Username, Secret string }

// String keeps the secret out of logs.
func (Credentials) String() string   { return "webdav.Credentials{…}" }
func (Credentials) GoString() string { return "webdav.Credentials{…}" }

// Remote is a share.
type Remote struct {
	guard *remote.Guard
	base  url.URL // path ends in "/"
	cred  Credentials

	mu    sync.Mutex
	made  map[string]bool // collections known to exist
	swept bool            // what others left was looked for
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

const (
	tmp        = "tmp"
	maxListing = 16 << 20         // bytes of one collection's listing
	tidying    = 20 * time.Second // for removing what a failed put left
)

// Open makes a client. It sends nothing.
func Open(c Config, cred Credentials) (*Remote, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != "" {
		return nil, remote.Fail("open", remote.Name{}, remote.ErrRefused, "not the https address of a share")
	}
	base := url.URL{Scheme: "https", Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + "/"}
	guard := &remote.Guard{Next: c.HTTP.Transport(), Limits: c.HTTP.Limits, Hosts: []string{u.Host},
		Most: func(req *http.Request) int64 {
			if req.Method == http.MethodGet {
				return remote.MaxObject
			}
			return maxListing
		}}
	return &Remote{guard: guard, base: base, cred: cred, made: map[string]bool{}}, nil
}

// Strength is Weak.
func (r *Remote) Strength() remote.Strength { return remote.Weak }

// Close ends every connection.
func (r *Remote) Close() error { return r.guard.Close() }

// send makes one request for a path below the share. The caller closes the body.
func (r *Remote) send(ctx context.Context, method, at string, body io.Reader, size int64, header ...string) (*http.Response, error) {
	u := r.base
	u.Path += at
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	if r.cred != (Credentials{}) {
		req.SetBasicAuth(r.cred.Username, r.cred.Secret)
	}
	return r.guard.RoundTrip(req)
}

// status makes a request whose answer's body is of no interest.
func (r *Remote) status(ctx context.Context, method, at string, header ...string) (int, error) {
	res, err := r.send(ctx, method, at, nil, 0, header...)
	if err != nil {
		return 0, err
	}
	io.Copy(io.Discard, io.LimitReader(res.Body, 4096)) // so that the connection serves again
	res.Body.Close()
	return res.StatusCode, nil
}

func refused(op string, n remote.Name, status int) error {
	kind := remote.StatusKind(status)
	if kind == nil || kind == remote.ErrExists && op != "put" {
		kind = remote.ErrRefused
	}
	return remote.Fail(op, n, kind, "status "+strconv.Itoa(status))
}

// Put uploads, moves and reads back.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	status, err := r.status(ctx, http.MethodHead, n.String())
	switch {
	case err != nil:
		return remote.Failed(ctx, "put", n, err)
	case status >= 200 && status < 300:
		return remote.Fail("put", n, remote.ErrExists, "")
	case status != http.StatusNotFound:
		return refused("put", n, status)
	}
	if err := r.collections(ctx, n, tmp); err != nil {
		return err
	}
	part := path.Join(tmp, strings.ToLower(rand.Text()))
	sum, err := r.upload(ctx, n, part, src, size)
	if err == nil {
		r.sweep(ctx, part)
		err = r.move(ctx, n, part)
	}
	if err != nil {
		r.tidy(ctx, part)
		return err
	}
	return r.confirm(ctx, n, size, sum)
}

// upload puts the bytes under a name that nobody else uses.
func (r *Remote) upload(ctx context.Context, n remote.Name, part string, src io.Reader, size int64) (sum []byte, err error) {
	hash := sha256.New()
	in := remote.NewSource(src, size)
	res, err := r.send(ctx, http.MethodPut, part, io.TeeReader(in, hash), size, "Content-Type", "application/octet-stream")
	if err == nil {
		res.Body.Close()
	}
	switch {
	case in.Err() != nil:
		return nil, remote.Failed(ctx, "put", n, in.Err())
	case err != nil:
		return nil, remote.Failed(ctx, "put", n, err)
	case res.StatusCode == http.StatusConflict || res.StatusCode == http.StatusNotFound:
		r.forget()
		return nil, remote.Fail("put", n, remote.ErrUnavailable, "a collection has gone")
	case res.StatusCode < 200 || res.StatusCode > 299:
		return nil, refused("put", n, res.StatusCode)
	}
	return hash.Sum(nil), nil
}

// move gives the upload its name.
func (r *Remote) move(ctx context.Context, n remote.Name, part string) error {
	if err := r.collections(ctx, n, n.Folder()); err != nil {
		return err
	}
	dest := r.base
	dest.Path += n.String()
	status, err := r.status(ctx, "MOVE", part, "Destination", dest.String(), "Overwrite", "F")
	switch {
	case err != nil:
		return remote.Failed(ctx, "put", n, err)
	case status == http.StatusConflict:
		r.forget()
		return remote.Fail("put", n, remote.ErrUnavailable, "a collection has gone")
	case status == http.StatusPreconditionFailed:
		return remote.Fail("put", n, remote.ErrExists, "")
	case status < 200 || status > 299:
		// Servers answer racing moves with all sorts of errors.
		if there, herr := r.status(ctx, http.MethodHead, n.String()); herr == nil && there == http.StatusOK {
			return remote.Fail("put", n, remote.ErrExists, "")
		}
		return refused("put", n, status)
	}
	return nil
}

// confirm reads back what now stands under the name.
func (r *Remote) confirm(ctx context.Context, n remote.Name, size int64, sum []byte) error {
	body, got, err := r.Get(ctx, n)
	if errors.Is(err, remote.ErrNotFound) {
		return remote.Fail("put", n, remote.ErrUnavailable, "it is not there after it was moved")
	}
	if err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	defer body.Close()
	if got == size {
		hash := sha256.New()
		if _, err := io.Copy(hash, body); err != nil {
			return remote.Failed(ctx, "put", n, err)
		}
		if bytes.Equal(hash.Sum(nil), sum) {
			return nil
		}
	}
	return remote.Fail("put", n, remote.ErrExists, "another object stands there")
}

// tidy removes an upload that got no name, also after ctx has ended.
func (r *Remote) tidy(ctx context.Context, part string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidying)
	defer cancel()
	r.status(ctx, http.MethodDelete, part)
}

// Get opens an object.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n.IsZero() {
		return nil, 0, remote.Fail("get", n, remote.ErrName, "")
	}
	res, err := r.send(ctx, http.MethodGet, n.String(), nil, 0)
	if err != nil {
		return nil, 0, remote.Failed(ctx, "get", n, err)
	}
	switch {
	case res.StatusCode != http.StatusOK:
		res.Body.Close()
		return nil, 0, refused("get", n, res.StatusCode)
	case res.ContentLength == 0:
		res.Body.Close()
		return nil, 0, remote.Fail("get", n, remote.ErrUnavailable, "it is empty")
	case res.ContentLength < 0:
		res.Body.Close()
		return nil, 0, remote.Fail("get", n, remote.ErrRefused, "it does not announce an object's length")
	}
	return remote.Body(ctx, n, res.Body, res.ContentLength), res.ContentLength, nil
}

// Delete removes an object.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if n.IsZero() {
		return remote.Fail("delete", n, remote.ErrName, "")
	}
	status, err := r.status(ctx, http.MethodDelete, n.String())
	if err != nil {
		return remote.Failed(ctx, "delete", n, err)
	}
	if status == http.StatusNotFound || status >= 200 && status < 300 {
		return nil
	}
	return refused("delete", n, status)
}
