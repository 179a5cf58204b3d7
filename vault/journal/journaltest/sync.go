package journaltest

import (
	"bytes"
	"context"
	"errors"
	"io"

	"phivault/sync/engine"
	"phivault/sync/remote"
)

// Sync is the plainest engine there can be: one object after the other. It goes
// on after an error of one object, pushes unless the journal forbids it, and
// returns everything that went wrong.
func Sync(ctx context.Context, j engine.Journal, name string, r remote.Remote) error {
	return errors.Join(Pull(ctx, j, name, r), Push(ctx, j, name, r))
}

// Pull asks for everything wanted.
func Pull(ctx context.Context, j engine.Journal, name string, r remote.Remote) error {
	var errs []error
	for more := true; more; {
		more = false
		for n, err := range j.Wanted(ctx, name) {
			if err != nil {
				return errors.Join(append(errs, err)...)
			}
			more = true
			errs = append(errs, fetch(ctx, j, name, r, n))
		}
	}
	return errors.Join(errs...)
}

func fetch(ctx context.Context, j engine.Journal, name string, r remote.Remote, n remote.Name) error {
	e, err := Get(ctx, r, n)
	if errors.Is(err, remote.ErrNotFound) {
		return j.Missing(ctx, name, n)
	}
	if err != nil {
		return err
	}
	return j.Deliver(ctx, name, e)
}

// Get reads an object whole.
func Get(ctx context.Context, r remote.Remote, n remote.Name) (engine.Envelope, error) {
	rc, _, err := r.Get(ctx, n)
	if err != nil {
		return engine.Envelope{}, err
	}
	defer rc.Close()
	b, err := io.ReadAll(rc)
	return Envelope(n, b), err
}

// Envelope is one in memory.
func Envelope(n remote.Name, b []byte) engine.Envelope {
	return engine.Envelope{Name: n, Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Push puts everything outgoing; it ends at the first object that did not go.
func Push(ctx context.Context, j engine.Journal, name string, r remote.Remote) error {
	for e, err := range j.Outgoing(ctx, name) {
		if err != nil {
			return err
		}
		err = Put(ctx, r, e)
		if errors.Is(err, remote.ErrExists) {
			err = fetch(ctx, j, name, r, e.Name)
		} else if err == nil {
			err = j.Sent(ctx, name, e.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Put puts an envelope.
func Put(ctx context.Context, r remote.Remote, e engine.Envelope) error {
	body, err := e.Open()
	if err != nil {
		return err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return r.Put(ctx, e.Name, bytes.NewReader(b), e.Size)
}
