package host

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"phivault/sync/remote"
)

const joinObject = 1 << 20 // bytes of the largest rendezvous object

// put keeps an object.
func (h *Host) put(w http.ResponseWriter, req *http.Request, v *vault, n remote.Name) int {
	size := req.ContentLength
	most := min(v.snapshot().Object, remote.MaxObject)
	if n.Space() == remote.Join {
		most = min(most, joinObject)
	}
	switch {
	case size < 0:
		return http.StatusLengthRequired
	case size == 0:
		return http.StatusBadRequest
	case size > most:
		return http.StatusRequestEntityTooLarge
	}
	if !v.reserve(size) {
		return http.StatusInsufficientStorage
	}
	kept := false
	defer func() { v.settle(size, kept) }()
	if h.exists != nil {
		release, err := h.exists.enter(req.Context(), n)
		if err != nil {
			return http.StatusServiceUnavailable
		}
		defer release()
		if body, _, err := h.store.Get(req.Context(), n); err == nil {
			body.Close()
			return http.StatusPreconditionFailed
		} else if !errors.Is(err, remote.ErrNotFound) {
			return h.status(err)
		}
	}
	in := &intake{host: h, vault: v, r: h.paced(w, req), left: size, hash: sha256.New(),
		fact: fact{kind: 'i', name: n, size: size, at: h.config.Now().Unix()}}
	err := h.store.Put(req.Context(), n, in, size)
	if in.noted {
		in.fact.kind = 'a'
		if kept = err == nil; kept {
			in.fact.kind = 'c'
		} else if errors.Is(err, remote.ErrUnavailable) {
			in.fact.kind = 0 // it may be there: the question stays open until the next start
		}
		if in.fact.kind != 0 {
			if lerr := h.note(v, in.fact); lerr != nil {
				h.log.Error("ledger", "error", lerr.Error())
			}
		}
	}
	if err != nil {
		return h.status(err)
	}
	h.hub.publish(v.space, n)
	return http.StatusCreated
}

func (v *vault) snapshot() Policy {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.policy
}

func (h *Host) note(v *vault, f fact) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return h.registry.append(v.space, f)
}

// intake hashes a body on its way to the store, and writes to the ledger before
// it hands out the last byte.
type intake struct {
	host  *Host
	vault *vault
	r     io.Reader
	left  int64
	hash  hash.Hash
	fact  fact
	noted bool
}

func (in *intake) Read(p []byte) (int, error) {
	if in.left == 0 {
		return 0, io.EOF // the body ends with its announced length
	}
	n, err := in.r.Read(p[:min(int64(len(p)), in.left)])
	in.hash.Write(p[:n])
	in.left -= int64(n)
	if in.left == 0 {
		in.fact.sum = [32]byte(in.hash.Sum(nil))
		if err := in.host.note(in.vault, in.fact); err != nil {
			return 0, err
		}
		in.noted = true
		return n, nil
	}
	return n, err
}

// get gives an object.
func (h *Host) get(w http.ResponseWriter, req *http.Request, n remote.Name) (status int, sent int64) {
	body, size, err := h.store.Get(req.Context(), n)
	if err != nil {
		return h.status(err), 0
	}
	defer body.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	sent, err = h.copy(w, body)
	if err != nil {
		panic(http.ErrAbortHandler) // so that the client sees a break and not an end
	}
	return 0, sent
}

var buffers = sync.Pool{New: func() any { b := make([]byte, 64<<10); return &b }}

// copy writes in portions, each within its time.
func (h *Host) copy(w http.ResponseWriter, r io.Reader) (sent int64, err error) {
	rc := http.NewResponseController(w)
	defer rc.SetWriteDeadline(time.Time{})
	buf := buffers.Get().(*[]byte)
	defer buffers.Put(buf)
	for {
		n, rerr := io.ReadFull(r, *buf)
		if n > 0 {
			rc.SetWriteDeadline(time.Now().Add(h.limits.Stall))
			if _, err := w.Write((*buf)[:n]); err != nil {
				return sent, err
			}
			sent += int64(n)
		}
		switch rerr {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return sent, nil
		default:
			return sent, rerr
		}
	}
}

// paced is a request's body that must keep moving.
func (h *Host) paced(w http.ResponseWriter, req *http.Request) io.Reader {
	return &pacedReader{r: req.Body, rc: http.NewResponseController(w), limits: h.limits}
}

type pacedReader struct {
	r      io.Reader
	rc     *http.ResponseController
	limits Limits
	got    int64
	armed  bool
}

func (p *pacedReader) Read(b []byte) (int, error) {
	if !p.armed {
		p.rc.SetReadDeadline(time.Now().Add(p.limits.Stall))
		p.armed = true
	}
	n, err := p.r.Read(b)
	if p.got += int64(n); p.got >= p.limits.MinBytes {
		p.got, p.armed = 0, false
	}
	return n, err
}

// remove deletes an object of the vault's own space.
func (h *Host) remove(req *http.Request, v *vault, n remote.Name) int {
	if !v.snapshot().Deletes || n.Space() != v.space {
		return http.StatusMethodNotAllowed
	}
	body, size, err := h.store.Get(req.Context(), n)
	if errors.Is(err, remote.ErrNotFound) {
		return http.StatusNoContent
	}
	if err == nil {
		err = body.Close()
	}
	if err == nil {
		err = remote.Delete(req.Context(), h.store, n)
	}
	if err != nil {
		return h.status(err)
	}
	if err := h.note(v, fact{kind: 'd', name: n, size: size, at: h.config.Now().Unix()}); err != nil {
		h.log.Error("ledger", "error", err.Error())
	}
	v.mu.Lock()
	v.used -= size
	v.mu.Unlock()
	return http.StatusNoContent
}

// list streams a vault's names and sizes.
func (h *Host) list(w http.ResponseWriter, req *http.Request, s remote.Space) int {
	text(w)
	r, out := io.Pipe()
	defer r.Close()
	ctx, cancel := context.WithCancel(req.Context())
	defer cancel()
	go func() {
		for e, err := range remote.List(ctx, h.store, s) {
			if err == nil {
				_, err = fmt.Fprintf(out, "%s %d\n", e.Name, e.Size)
			}
			if err != nil {
				out.CloseWithError(err)
				return
			}
		}
		io.WriteString(out, ".\n")
		out.Close()
	}()
	if _, err := h.copy(w, r); err != nil {
		panic(http.ErrAbortHandler)
	}
	return 0
}

// status turns a store's error into the protocol's.
func (h *Host) status(err error) int {
	switch {
	case errors.Is(err, remote.ErrExists):
		return http.StatusPreconditionFailed
	case errors.Is(err, remote.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, remote.ErrTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, remote.ErrSize), errors.Is(err, remote.ErrUnread):
		return http.StatusBadRequest // the body broke off
	case errors.Is(err, remote.ErrUnsupported):
		return http.StatusMethodNotAllowed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusBadRequest
	}
	h.log.Error("store", "retryable", remote.Retryable(err))
	if remote.Retryable(err) {
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
