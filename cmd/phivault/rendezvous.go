package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/retry"
	"phivault/vault"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

const (
	inviteValid = 10 * time.Minute
	askEvery    = 500 * time.Millisecond // at first; doubled up to askMost
	askMost     = 5 * time.Second
)

// invitation makes what a new device needs to meet this one at the remote, and tells
// what access it gives there.
func invitation(ctx context.Context, r local.Remote, c remote.Remote) (i identity.Invitation, g granted, err error) {
	i = identity.NewInvitation()
	i.Remote, i.Pin = r.URL, r.Pin
	secrets := r.Secrets
	if h, ok := c.(*hosted.Remote); ok {
		// A key of its own, so that it can be taken away again.
		seed, public, err := newHostKey()
		if err != nil {
			return i, g, err
		}
		if err := h.Grant(ctx, public); err != nil {
			return i, g, err
		}
		g = granted{h, public}
		secrets = map[string]string{secretAccess: seed}
	}
	if len(secrets) > 0 {
		b, err := json.Marshal(secrets)
		if err != nil {
			return i, g, err
		}
		i.Credential = string(b)
	}
	return i, g, nil
}

// invited gives the remote that an invitation speaks of, under the name it will
// have here.
func invited(i identity.Invitation, name string) (r local.Remote, err error) {
	if i.Remote == "" {
		return r, usage("the invitation names no remote", "use the long form of it")
	}
	p, err := parsePlace(i.Remote)
	if err != nil {
		return r, err
	}
	r = local.Remote{Name: name, URL: p.String(), Pin: i.Pin}
	if i.Credential != "" && json.Unmarshal([]byte(i.Credential), &r.Secrets) != nil {
		return r, usage("the invitation's credential is not understood", "")
	}
	return r, nil
}

// await asks for an object until it is there, for at most valid by now, in the
// program the machine's monotonic clock. A remote that does not answer is asked again.
func await(ctx context.Context, now vault.Clock, r remote.Remote, n remote.Name, valid time.Duration) (engine.Envelope, error) {
	begun := now()
	var last error
	for pause := askEvery; ; pause = min(2*pause, askMost) {
		e, err := whole(ctx, r, n)
		if err == nil {
			return e, nil
		}
		if !errors.Is(err, remote.ErrNotFound) && !remote.Retryable(err) {
			return e, err
		}
		last = err
		left := valid - now().Sub(begun)
		if left <= 0 {
			break
		}
		if err := retry.Wait(ctx, min(pause, left)); err != nil {
			return e, err
		}
	}
	if errors.Is(last, remote.ErrNotFound) {
		return engine.Envelope{}, failed("expired", "nobody came in time", "make a new invitation and begin again")
	}
	return engine.Envelope{}, last
}

// whole reads a small object.
func whole(ctx context.Context, r remote.Remote, n remote.Name) (engine.Envelope, error) {
	b, err := content(ctx, r, n)
	if err != nil {
		return engine.Envelope{}, err
	}
	return engine.Envelope{Name: n, Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}, nil
}

// content reads a small object's bytes.
func content(ctx context.Context, r remote.Remote, n remote.Name) ([]byte, error) {
	body, size, err := r.Get(ctx, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	if size > segment.MaxSize {
		return nil, failed("unreadable", "an object there is too large for what it should be", "")
	}
	return io.ReadAll(io.LimitReader(body, segment.MaxSize))
}

// put carries an envelope out.
func put(ctx context.Context, r remote.Remote, e engine.Envelope) error {
	body, err := e.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return r.Put(ctx, e.Name, bytes.NewReader(b), int64(len(b)))
}
