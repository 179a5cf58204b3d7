package main

import (
	"context"
	"errors"
	"strings"
	"sync"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault/journal"
	"phivault/vault/local"
)

type sharedDevices struct{ x *sharing }

var (
	_ tui.Invitation = (*sharedInvitation)(nil)
	_ tui.Joiner     = (*opener)(nil)
	_ tui.Joining    = (*shownJoining)(nil)
)

func (d sharedDevices) Invite(ctx context.Context, name string, owner bool) (tui.Invitation, error) {
	ctx, done, err := d.x.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	r, err := d.x.s.theRemote(ctx, name)
	if err != nil {
		return nil, err
	}
	v, err := d.x.s.inviting(ctx, r, false)
	if err != nil {
		return nil, err
	}
	text, err := v.invitation.Text()
	if err != nil {
		v.close()
		return nil, err
	}
	return &sharedInvitation{x: d.x, v: v, owner: owner,
		card: tui.Card{Text: text, Words: v.invitation.Words(), Meet: r.URL,
			Alone: v.invitation.Credential == "" && v.invitation.Pin == "", Valid: inviteValid}}, nil
}

func (d sharedDevices) Rename(ctx context.Context, id, name string) error {
	ctx, done, err := d.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if name, err = givenName(name); err != nil {
		return err
	}
	j, err := d.x.s.Journal(ctx)
	if err != nil {
		return err
	}
	m, err := deviceNamed(j, id)
	if err != nil {
		return err
	}
	return rename(ctx, j, m, name)
}

func (d sharedDevices) Remove(ctx context.Context, id string) error {
	ctx, done, err := d.x.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, err = d.x.s.removeDevice(ctx, id, nil)
	return err
}

func (d sharedDevices) EndFork(ctx context.Context, id string, adopt bool) error {
	ctx, done, err := d.x.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	j, err := d.x.s.Journal(ctx)
	if err != nil {
		return err
	}
	out, err := deviceNamed(j, id)
	if err != nil {
		return err
	}
	forks, err := forksWith(ctx, j, out.Letter)
	if err != nil {
		return err
	}
	defer d.x.recount()
	_, err = d.x.s.endFork(ctx, j, forks, out, adopt)
	return err
}

// sharedInvitation is an invitation of the interface's.
type sharedInvitation struct {
	x     *sharing
	v     *inviting
	owner bool
	card  tui.Card
	mu    sync.Mutex // guards what follows
	w     *journal.Candidate
	tries int
	gone  bool
}

func (i *sharedInvitation) Card() tui.Card { return i.card }

func (i *sharedInvitation) Wait(ctx context.Context) (tui.Candidate, error) {
	ctx, done, err := i.x.begin(ctx)
	if err != nil {
		return tui.Candidate{}, err
	}
	defer done()
	w, err := i.v.wait(ctx, i.card.Valid)
	if err != nil {
		return tui.Candidate{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.w = w
	return tui.Candidate{ID: w.Device.String(), Name: w.Name}, nil
}

func (i *sharedInvitation) Admit(ctx context.Context, typed string) error {
	ctx, done, err := i.x.alone(ctx)
	if err != nil {
		return err
	}
	defer done()
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.w == nil || i.gone || i.tries >= triesMost:
		return failed("cancelled", "the invitation is used up", "make a new one")
	case !identity.SameWords(typed, i.w.Words):
		if i.tries++; i.tries >= triesMost {
			return errNotItsWords
		}
		return tui.ErrWords
	}
	i.gone = true
	return i.v.admit(ctx, i.w, i.owner, nil)
}

func (i *sharedInvitation) Close() { i.v.close() }

// Join is the interface's way into a vault of others.
func (o *opener) Join(text *secret.Bytes, address string) (tui.Joining, error) {
	i, err := identity.ParseInvitation(string(text.Bytes()))
	if err != nil {
		return nil, err
	}
	if address = strings.TrimSpace(address); address != "" {
		i.Remote = placeOf(address)
	}
	r, err := invited(i, joinedRemote)
	if err != nil {
		return nil, err
	}
	w, err := newJoining(i, r, o.a.now)
	if err != nil {
		return nil, err
	}
	return &shownJoining{o: o, w: w}, nil
}

// joinedRemote is what the remote of an invitation is called.
const joinedRemote = "main"

type shownJoining struct {
	o  *opener
	w  *joining
	mu sync.Mutex // held while the keys are used
}

func (j *shownJoining) Ask(ctx context.Context) (string, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.w.ask(ctx, "")
}

func (j *shownJoining) Finish(ctx context.Context, p *secret.Bytes, moved func(int64)) (tui.Session, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	dir, err := j.o.a.dir()
	if err != nil {
		return nil, err
	}
	joined, err := j.w.reply(ctx, inviteValid)
	if err != nil {
		return nil, err
	}
	defer joined.Destroy()
	s := &shown{}
	v, err := local.Join(ctx, dir, p, keyfile.DefaultParams(), j.w.newcomer, joined, j.o.options(s))
	if err != nil {
		return nil, err
	}
	s.open(j.o.a, v)
	// From here on there is a vault: what fails is told, and tried again by itself.
	if st, _, err := s.share.s.settleIn(ctx, j.w.at, objects(moved)); err != nil {
		s.said = append(s.said, explainLine(errors.Join(err)))
	} else if len(st.Floors) > 0 {
		s.said = append(s.said, "Not everything has arrived yet; the rest follows by itself.")
	}
	return s, nil
}

// Close wipes the keys as soon as nothing uses them.
func (j *shownJoining) Close() {
	go func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.w.close()
	}()
}
