package main

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// joining is a new device on its way into a vault: it has keys and no vault yet.
// Its owner closes it.
type joining struct {
	at         local.Remote
	c          remote.Remote
	now        vault.Clock
	invitation identity.Invitation
	newcomer   *local.Newcomer
	request    *journal.Joining
}

// newJoining draws the keys of a new device that will meet its vault at r.
func newJoining(i identity.Invitation, r local.Remote, now vault.Clock) (*joining, error) {
	raw, err := openRemote(r)
	if err != nil {
		return nil, because(err, "the invitation's remote")
	}
	w := &joining{at: r, c: patient(raw), now: now, invitation: i}
	if w.newcomer, err = local.NewNewcomer(); err != nil {
		w.c.Close()
		return nil, err
	}
	return w, nil
}

// ask puts the request and gives the words to type on the inviting device. name is
// what this device is called, "" for the machine's name.
func (w *joining) ask(ctx context.Context, name string) (words string, err error) {
	if name == "" {
		name = machineName()
	}
	var nonce [32]byte
	rand.Read(nonce[:])
	if w.request, err = journal.NewRequest(w.invitation, w.newcomer.Device, name, nonce); err != nil {
		return "", err
	}
	if err := put(ctx, w.c, w.request.Envelope); errors.Is(err, remote.ErrExists) {
		return "", failed("expired", "the invitation was used already", "it serves one try, also one that broke off: make a new one; if nobody of yours tried it, somebody else has it")
	} else if err != nil {
		return "", err
	}
	return w.request.Words, nil
}

// reply waits to be admitted. The caller destroys what it gives.
func (w *joining) reply(ctx context.Context, valid time.Duration) (*journal.Joined, error) {
	e, err := await(ctx, w.now, w.c, journal.ReplyName(w.invitation), valid)
	if err != nil {
		return nil, err
	}
	return w.request.Accept(e)
}

func (w *joining) close() {
	w.c.Close()
	w.newcomer.Destroy()
}

// settleIn keeps the remote of a vault that was just joined and pulls everything.
func (s *session) settleIn(ctx context.Context, r local.Remote, moved func(engine.Progress)) (st journal.Status, j *journal.Journal, err error) {
	if r, err = s.AddRemote(ctx, r); err != nil {
		return st, nil, err
	}
	j, results, err := s.exchange(ctx, []local.Remote{r}, moved)
	if err != nil {
		return st, nil, err
	}
	if bad := syncFault(r.Name, results[r.ID]); bad != nil {
		return st, nil, notFilled(bad)
	}
	st, err = j.Status(ctx)
	return st, j, err
}

// notFilled is what went wrong at the first sync of a new vault. Syncing again is the
// way on unless the remote cheats.
func notFilled(bad error) error {
	o, why, hint := explain(bad)
	if o.exit != 13 {
		hint = `run "phivault sync"`
	}
	return &fault{code: o.code, why: "the vault is made, and not filled yet: " + why, hint: hint, cause: bad}
}
