package main

import (
	"context"
	"crypto/ed25519"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/remote/hosted"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// The access keys that devices have at a host of ours. Each device has its own, made by
// who invited it and labelled there with whose it is, in a form that only members of the
// vault understand; so any owner can take it away.

// hostOf opens a remote if it is a host of ours, else gives nil.
func hostOf(r local.Remote) (*hosted.Remote, error) {
	if p, err := parsePlace(r.URL); err != nil || p.kind != placeHost {
		return nil, err
	}
	c, err := openRemote(r)
	if err != nil {
		return nil, err
	}
	return c.(*hosted.Remote), nil
}

// labelOwn notes at a host whose this device's own key is, if it came by a token. A key
// that an invitation gave is labelled by who invited.
func (s *session) labelOwn(ctx context.Context, r local.Remote) error {
	if r.Traits[traitRegistered] == "" {
		return nil
	}
	h, err := hostOf(r)
	if h == nil || err != nil {
		return err
	}
	defer h.Close()
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	for _, m := range j.Members() {
		if !m.Self {
			continue
		}
		return h.Assign(ctx, hosted.Access{Key: h.Public(), Label: j.AccessLabel(m.Device), Owner: true})
	}
	return nil
}

// shutOut takes a removed device's keys away at a host, and those that nobody is known
// to have: of invitations that are not used up, and of whoever gave keys to himself.
func shutOut(ctx context.Context, j *journal.Journal, r local.Remote, removed identity.DeviceID) error {
	h, err := hostOf(r)
	if err != nil {
		return err
	}
	defer h.Close()
	keys, err := h.Keys(ctx)
	if err != nil {
		return err
	}
	others := map[[32]byte]bool{}
	for _, m := range j.Members() {
		if m.Device != removed {
			others[j.AccessLabel(m.Device)] = true
		}
	}
	for _, k := range keys {
		registered := k.Owner && k.Label == [32]byte{} // with a token of the operator's
		if others[k.Label] || registered || k.Key.Equal(h.Public()) {
			continue
		}
		if err := h.Revoke(ctx, k.Key); err != nil {
			return err
		}
	}
	return nil
}

// shutOutEverywhere gives the remotes that a removed device can still reach.
func (s *session) shutOutEverywhere(ctx context.Context, j *journal.Journal, list []local.Remote, removed identity.DeviceID) (open []local.Remote) {
	for _, r := range list {
		if p, err := parsePlace(r.URL); err != nil || p.kind != placeHost || shutOut(ctx, j, r, removed) != nil {
			open = append(open, r)
		}
	}
	return open
}

// granted is a key that an invitation gives, until its device was admitted.
type granted struct {
	host *hosted.Remote
	key  ed25519.PublicKey
}

// assign says whose the key is now.
func (g *granted) assign(ctx context.Context, j *journal.Journal, d identity.DeviceID, owner bool) error {
	if g.key == nil {
		return nil
	}
	err := g.host.Assign(ctx, hosted.Access{Key: g.key, Label: j.AccessLabel(d), Owner: owner})
	if err == nil {
		g.key = nil
	}
	return err
}

// withdraw takes a key back that nobody came for. What fails here is made good by the
// next removal.
func (g *granted) withdraw() {
	if g.key == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = g.host.Revoke(ctx, g.key)
}
