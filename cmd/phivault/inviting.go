package main

import (
	"context"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// inviting is one invitation, from when it is made until a device was admitted
// with it. Whether the device that asks is the one that was meant is decided
// between wait and admit, by a person who compares words. Its owner closes it.
type inviting struct {
	s          *session
	j          *journal.Journal
	at         local.Remote
	c          remote.Remote
	invitation identity.Invitation
	access     granted
}

// inviting makes an invitation to meet at a remote; with bare, one that gives no
// access to it.
func (s *session) inviting(ctx context.Context, r local.Remote, bare bool) (*inviting, error) {
	j, err := s.Journal(ctx)
	if err != nil {
		return nil, err
	}
	if err := owns(j, "invites"); err != nil {
		return nil, err
	}
	raw, err := openRemote(r)
	if err != nil {
		return nil, because(err, r.Name)
	}
	v := &inviting{s: s, j: j, at: r, c: patient(raw)}
	if bare {
		v.invitation = identity.NewInvitation()
	} else if v.invitation, v.access, err = invitation(ctx, r, raw); err != nil {
		v.close()
		return nil, because(err, r.Name)
	}
	return v, nil
}

// wait waits for a device that holds the invitation, for at most valid.
func (v *inviting) wait(ctx context.Context, valid time.Duration) (*journal.Candidate, error) {
	e, err := await(ctx, v.s.app.now, v.c, journal.RequestName(v.invitation), valid)
	if err != nil {
		return nil, err
	}
	return v.j.Candidate(v.invitation, e)
}

// sync syncs with the remote to meet at. Nobody is let in where it cannot be trusted,
// and nobody's device waits there for an answer.
func (v *inviting) sync(ctx context.Context, moved func(engine.Progress)) error {
	_, results, err := v.s.exchange(ctx, []local.Remote{v.at}, moved)
	if err != nil {
		return err
	}
	return syncFault(v.at.Name, results[v.at.ID])
}

// admit lets the device in and tells it so.
func (v *inviting) admit(ctx context.Context, w *journal.Candidate, owner bool, moved func(engine.Progress)) error {
	role := uint8(segment.RoleMember)
	if owner {
		role = segment.RoleOwner
	}
	if err := v.sync(ctx, moved); err != nil {
		return err
	}
	reply, err := v.j.Admit(ctx, w, role)
	if err != nil {
		return err
	}
	if err := v.access.assign(ctx, v.j, w.Device, owner); err != nil {
		return because(err, v.at.Name)
	}
	// The admission first: the reply tells the new device to wait for it.
	if err := v.sync(ctx, moved); err != nil {
		return err
	}
	return because(put(ctx, v.c, reply), v.at.Name)
}

func (v *inviting) close() {
	v.access.withdraw()
	v.c.Close()
}
