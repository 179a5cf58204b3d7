// Package hosted keeps objects on our own host, phivault-host, by the protocol in
// sync/host/PROTOCOL.md.
//
// Each request is signed by a host-access key over the TLS connection it goes
// through, so that nothing that passes by, not even through a middle with a valid
// certificate, can be used again. The host-access key opens the door to the
// store and nothing else: it is no key of the vault.
package hosted

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"phivault/sync/remote"
)

// Config names a host and a vault on it.
type Config struct {
	Address string       // host:port
	Vault   remote.Space // the vault's tag
	HTTP    remote.HTTP  // with the host's pin, or for a host with a public certificate without
}

// Remote is a vault's place on a host.
type Remote struct {
	config Config
	pool   *pool
	guard  *remote.Guard
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Watcher  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

const (
	maxListing = 1 << 30 // bytes; ten million names
	maxLine    = 320
)

// NewKey makes a host-access key.
func NewKey() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// Open makes a client. It sends nothing, and keeps key until Close.
func Open(c Config, key ed25519.PrivateKey) (*Remote, error) {
	host, port, err := net.SplitHostPort(c.Address)
	u, uerr := url.Parse("https://" + c.Address)
	if err != nil || uerr != nil || host == "" || port == "" || u.Host != c.Address || u.Path != "" || u.User != nil {
		return nil, remote.Fail("open", remote.Name{}, remote.ErrRefused, "not a host and port")
	}
	if c.Vault.IsZero() || c.Vault == remote.Join || len(key) != ed25519.PrivateKeySize {
		return nil, remote.Fail("open", remote.Name{}, remote.ErrRefused, "not a vault's tag or not a host-access key")
	}
	p := &pool{transport: c.HTTP.Transport(), address: c.Address, vault: c.Vault, key: key,
		dialing: make(chan struct{}, 1)}
	watch := "/" + c.Vault.Path() + "/watch"
	return &Remote{config: c, pool: p, guard: &remote.Guard{Next: p, Limits: c.HTTP.Limits, Hosts: []string{c.Address},
		Most: func(req *http.Request) int64 {
			if req.URL.Path == watch || req.URL.Path == "/"+c.Vault.Path() {
				return maxListing
			}
			return remote.MaxObject
		},
		Streams: func(req *http.Request) bool { return req.URL.Path == watch },
	}}, nil
}

// Strength is Exclusive: the host gives each name once.
func (r *Remote) Strength() remote.Strength { return remote.Exclusive }

// Close ends every connection.
func (r *Remote) Close() error { return r.guard.Close() }

func (r *Remote) send(ctx context.Context, method, path string, body io.Reader, size int64) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "https://"+r.config.Address+path, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = size
	if size > 0 {
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	return r.guard.RoundTrip(req)
}

// Put is one request.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	in := remote.NewSource(src, size)
	res, err := r.send(ctx, http.MethodPut, "/"+n.String(), in, size)
	if in.Err() != nil {
		err = in.Err()
		if res != nil {
			res.Body.Close()
		}
	}
	if err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	return finish("put", n, res, http.StatusCreated)
}

// Get is one request.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n.IsZero() {
		return nil, 0, remote.Fail("get", n, remote.ErrName, "")
	}
	res, err := r.send(ctx, http.MethodGet, "/"+n.String(), nil, 0)
	if err != nil {
		return nil, 0, remote.Failed(ctx, "get", n, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, 0, finish("get", n, res, http.StatusOK)
	}
	if res.ContentLength < 1 {
		res.Body.Close()
		return nil, 0, remote.Fail("get", n, remote.ErrRefused, "it does not announce an object's length")
	}
	return remote.Body(ctx, n, res.Body, res.ContentLength), res.ContentLength, nil
}

// Delete works where the host's operator allowed it for this vault.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if n.IsZero() {
		return remote.Fail("delete", n, remote.ErrName, "")
	}
	return r.simple(ctx, "delete", http.MethodDelete, "/"+n.String(), n, nil, http.StatusNoContent)
}

// List lists this vault's objects; other spaces the host does not list.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		if s != r.config.Vault && !s.IsZero() {
			if s == remote.Join {
				yield(remote.Entry{}, remote.Fail("list", remote.Name{}, remote.ErrUnsupported, "meeting places are not listed"))
			}
			return
		}
		err := r.lines(ctx, "list", "/"+r.config.Vault.Path(), func(line string) (bool, bool) {
			if line == "." {
				return false, true
			}
			path, digits, _ := strings.Cut(line, " ")
			n, err := remote.ParseName(path)
			size, serr := strconv.ParseInt(digits, 10, 64)
			if err != nil || serr != nil || size < 1 || !r.config.Vault.Holds(n) {
				return true, true
			}
			return yield(remote.Entry{Name: n, Size: size}, nil), false
		})
		if err != nil {
			yield(remote.Entry{}, err)
		}
	}
}

// Watch hears of new objects from the host.
func (r *Remote) Watch(ctx context.Context, s remote.Space) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		if s != r.config.Vault {
			yield(remote.Name{}, remote.Fail("watch", remote.Name{}, remote.ErrUnsupported, "only the vault's own space"))
			return
		}
		err := r.lines(ctx, "watch", "/"+s.Path()+"/watch", func(line string) (bool, bool) {
			n, err := remote.ParseName(line)
			if line != "" && (err != nil || !s.Holds(n)) {
				return true, true
			}
			return yield(n, nil), false
		})
		if err != nil {
			yield(remote.Name{}, err)
		}
	}
}

// lines reads an answer line by line until take wants no more. A line that take
// calls final ends a listing that is complete; an unexpected one is skipped.
func (r *Remote) lines(ctx context.Context, op, path string, take func(string) (more, odd bool)) error {
	res, err := r.send(ctx, http.MethodGet, path, nil, 0)
	if err != nil {
		return remote.Failed(ctx, op, remote.Name{}, err)
	}
	if res.StatusCode != http.StatusOK {
		return finish(op, remote.Name{}, res, http.StatusOK)
	}
	defer res.Body.Close()
	sc := bufio.NewScanner(res.Body)
	sc.Buffer(make([]byte, 0, 4096), 4096)
	odd := 0
	for sc.Scan() {
		line := sc.Text()
		if len(line) > maxLine {
			return remote.Fail(op, remote.Name{}, remote.ErrRefused, "its listing is not understood")
		}
		more, strange := take(line)
		if !more {
			return nil
		}
		if strange {
			if odd++; odd > 100 {
				return remote.Fail(op, remote.Name{}, remote.ErrRefused, "its listing is not understood")
			}
		}
	}
	err = sc.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		return remote.Fail(op, remote.Name{}, remote.ErrRefused, "its listing is not understood")
	}
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return remote.Failed(ctx, op, remote.Name{}, err)
}

// finish reads what is left of an answer whose body does not matter.
func finish(op string, n remote.Name, res *http.Response, want int) error {
	io.Copy(io.Discard, io.LimitReader(res.Body, 4096))
	res.Body.Close()
	if res.StatusCode == want {
		return nil
	}
	kind, why := remote.StatusKind(res.StatusCode), "status "+strconv.Itoa(res.StatusCode)
	switch {
	case kind == nil, kind == remote.ErrExists && op != "put":
		kind = remote.ErrRefused
	case res.StatusCode == http.StatusUnauthorized && op == "register":
		kind, why = remote.ErrToken, ""
	case res.StatusCode == http.StatusUnauthorized:
		kind, why = remote.ErrStranger, ""
	case res.StatusCode == http.StatusInsufficientStorage:
		why = "the vault's space on the host is used up"
	case res.StatusCode == http.StatusMethodNotAllowed && op == "delete":
		kind, why = remote.ErrUnsupported, "the host only adds"
	}
	return remote.Fail(op, n, kind, why)
}
