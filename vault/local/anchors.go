package local

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"phivault/vault"
	"phivault/vault/store"
)

// anchors are the places for one vault's anchors, the preferred one first: the
// keyring, then the state folder. A vault that is opened now with, now without
// a keyring (at a desk, from a cron job) has one in each; both may lag, and the
// own log must contain both.
type anchors struct {
	places []place
	notice func(Notice)

	// everywhere makes the next anchor replace what any place remembers of its
	// instance: an older database was accepted, and what was given up must not be
	// taken for it. Set before the keeper starts, then its own.
	everywhere bool

	mu   sync.Mutex
	dead []bool // places that failed; not asked again, since each may take seconds
}

func newAnchors(id vault.Hash, o Options) *anchors {
	a := &anchors{notice: o.Notice}
	if o.Keyring != nil {
		a.places = append(a.places, keyringPlace{o.Keyring, anchorItem(id)})
	}
	dir, err := o.StateDir, error(nil)
	if dir == "" {
		dir, err = DefaultStateDir()
	}
	if err == nil {
		a.places = append(a.places, filePlace{filepath.Join(dir, id.String()+".anchor")})
	}
	a.dead = make([]bool, len(a.places))
	return a
}

// remembered is what the places hold, read while the key is derived.
type remembered struct {
	list  []anchor
	lost  bool  // something was there and could not be read
	fresh bool  // the vault is new: nothing can be remembered
	mute  error // why the keyring gave no answer
	ended error // why nobody waited for the places
}

// recall starts to read. The channel gives one value.
func (a *anchors) recall(ctx context.Context) <-chan remembered {
	c := make(chan remembered, 1)
	go func() {
		var r remembered
		for i, p := range a.places {
			list, err := a.load(ctx, p)
			switch {
			case err == nil:
				r.list = append(r.list, list...)
			case errors.Is(err, ErrNoItem):
			case errors.Is(err, errAnchor):
				r.lost = true
			default:
				if a.fail(i) {
					r.mute = err
				}
			}
		}
		c <- r
	}()
	return c
}

// wait gives what recall read. A keyring or a disk that never answers ends with
// the context.
func wait(ctx context.Context, recalled <-chan remembered) remembered {
	select {
	case r := <-recalled:
		return r
	case <-ctx.Done():
		return remembered{ended: ctx.Err()}
	}
}

func (a *anchors) load(ctx context.Context, p place) ([]anchor, error) {
	s, err := p.load(ctx)
	if err != nil {
		return nil, err
	}
	return parseAnchors(s)
}

// fail gives a place up, and reports whether it was the keyring.
func (a *anchors) fail(i int) (keyring bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.dead[i] = true
	_, keyring = a.places[i].(keyringPlace)
	return keyring
}

func (a *anchors) alive(i int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return !a.dead[i]
}

// save keeps the anchor in the first place that takes it, and when an older
// database was accepted, in every other that tells of its instance.
func (a *anchors) save(ctx context.Context, an anchor) {
	saved := false
	for i, p := range a.places {
		if !a.alive(i) {
			continue
		}
		list, err := a.load(ctx, p)
		if saved && (errors.Is(err, ErrNoItem) || errors.Is(err, errAnchor) || err == nil && !tells(list, an.instance)) {
			continue
		}
		if err == nil || errors.Is(err, ErrNoItem) || errors.Is(err, errAnchor) {
			err = p.save(ctx, formatAnchors(with(list, an)))
		}
		if err == nil {
			if !a.everywhere {
				return
			}
			saved = true
			continue
		}
		if a.fail(i) {
			a.notice(Notice{NoticeKeyring, fmt.Sprintf("the keyring no longer answers (%v); going on without it", cause(err))})
		}
	}
	if saved {
		a.everywhere = false
		return
	}
	a.notice(Notice{NoticeAnchorUnsaved,
		"nothing outside the vault's folder remembers how far the vault has come: an older copy put in its place would not be noticed"})
}

// tells reports whether one of the anchors is the instance's.
func tells(list []anchor, instance string) bool {
	return slices.ContainsFunc(list, func(a anchor) bool { return a.instance == instance })
}

// where names the place in use, for status.
func (a *anchors) where() string {
	for i, p := range a.places {
		if !a.alive(i) {
			continue
		}
		if _, ok := p.(keyringPlace); ok {
			return "keyring"
		}
		return "state"
	}
	return ""
}

// check compares the database with what is remembered. The first error that is
// not about the anchor ends it.
func (r remembered) check(ctx context.Context, st *store.Store, instance string, o Options) (older bool, err error) {
	if r.ended != nil {
		return false, r.ended
	}
	known := false
	for _, a := range r.list {
		if a.instance != instance {
			continue
		}
		known = true
		ok, err := st.Contains(ctx, a.head)
		if err != nil {
			return false, err
		}
		if !ok && !o.AcceptOlder {
			return false, ErrOlder
		}
		older = older || !ok
	}
	switch {
	case older:
		o.Notice(Notice{NoticeOlder, "the database is older than what this device remembered; accepted as asked, and what it replaces is refused from now on"})
	case known, r.fresh:
	case r.mute != nil:
		// A machine without a keyring says this once; then the state folder knows.
		o.Notice(Notice{NoticeKeyring, fmt.Sprintf("the keyring does not answer (%v), and nothing else remembered how far the vault had come", cause(r.mute))})
	case r.lost:
		o.Notice(Notice{NoticeAnchorDamaged, "what this device remembered of the vault is damaged; an older copy put in its place would not have been noticed"})
	default:
		o.Notice(Notice{NoticeNoAnchor, "this device did not remember how far the vault had come; from now on it does"})
	}
	return older, nil
}
