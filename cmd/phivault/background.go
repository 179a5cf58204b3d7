package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/tui"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// errChanged ends a watch whose remotes are others now.
var errChanged = errors.New("remotes were added or removed")

// Watch exchanges while the vault is open. Unlike sync --watch it holds the vault
// all the time: the interface does.
func (y sharedSync) Watch(ctx context.Context, wake <-chan struct{}, heard func([]tui.Round)) error {
	ctx, done, err := y.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	for {
		list, err := y.x.s.Remotes(ctx)
		if err != nil {
			return err
		}
		if len(list) > 0 && !y.x.s.ReadOnly() {
			err = y.x.watch(ctx, list, wake, heard)
		} else {
			err = y.x.idle(ctx, wake)
		}
		if !errors.Is(err, errChanged) {
			return err
		}
	}
}

// idle waits for the first remote. A vault that cannot be written exchanges nothing.
func (x *sharing) idle(ctx context.Context, wake <-chan struct{}) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-x.changed:
			return errChanged
		case <-wake:
		}
	}
}

// watch exchanges with these remotes until they are others.
func (x *sharing) watch(ctx context.Context, list []local.Remote, wake <-chan struct{}, heard func([]tui.Round)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-x.changed:
			stop(errChanged)
		case <-ctx.Done():
		}
	}()
	var targets []engine.Target
	for _, r := range list {
		c := watched(r)
		defer c.Close()
		targets = append(targets, engine.Target{Name: r.ID, Remote: c})
	}
	o := engine.WatchOptions{Options: engine.Options{Harmless: harmless}, Space: segment.Space(x.s.ID()), Wake: wake}
	o.Done = func(rep engine.Report, _ error) error {
		results := map[string]engine.Result{}
		for _, r := range rep.Remotes {
			results[r.Remote] = r
			if r.Pulled.Entries > 0 {
				x.recount()
			}
		}
		x.s.inPlainWords(context.WithoutCancel(ctx), results)
		// A disk that is full keeps nothing back: the time is for display.
		_ = x.s.synced(context.WithoutCancel(ctx), list, results)
		heard(x.s.rounds(context.WithoutCancel(ctx), list, results))
		return nil
	}
	open := func(ctx context.Context) (engine.Journal, func() error, error) {
		j, err := x.s.Journal(ctx)
		if err == nil {
			err = x.take(ctx)
		}
		return j, func() error {
			for _, t := range targets {
				if p, ok := t.Remote.(*plugged); ok {
					p.release()
				}
			}
			x.give()
			return nil
		}, err
	}
	err := engine.Watch(ctx, open, targets, o)
	if cause := context.Cause(ctx); errors.Is(cause, errChanged) {
		return cause
	}
	return err
}

// watched is a remote that lasts as long as the vault is open. A folder is opened
// anew for each round: a stick is pulled out and plugged in again.
func watched(r local.Remote) remote.Remote {
	if p, err := parsePlace(r.URL); err == nil && p.kind != placeFolder {
		if c, err := openRemote(r); err == nil {
			return patient(c)
		}
	}
	return &plugged{r: r}
}

// plugged opens its remote when it is first used after a release.
type plugged struct {
	r  local.Remote
	mu sync.Mutex // guards what follows
	c  remote.Remote
}

var _ remote.Remote = (*plugged)(nil)

func (p *plugged) client() (remote.Remote, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.c != nil {
		return p.c, nil
	}
	c, err := openRemote(p.r)
	if err != nil {
		return nil, err
	}
	p.c = c
	return c, nil
}

// release closes what was opened. No call may be going on.
func (p *plugged) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.c != nil {
		p.c.Close()
		p.c = nil
	}
}

func (p *plugged) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	c, err := p.client()
	if err != nil {
		return err
	}
	return c.Put(ctx, n, r, size)
}

func (p *plugged) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	c, err := p.client()
	if err != nil {
		return nil, 0, err
	}
	return c.Get(ctx, n)
}

func (p *plugged) Close() error {
	p.release()
	return nil
}
