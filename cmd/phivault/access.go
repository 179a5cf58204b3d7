package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"maps"
	"slices"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/remote"
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

// ownAccess gives this device a key of its own at a host of ours, once it is a member: the
// one of an invitation its inviter knows, and the one of a copy is its origin's. A key that
// came by a token stays. The remote is given back as it is kept from then on; without
// anything to be done, and where the host is of version 1, as it was. Cut off anywhere, it
// goes on with the next call.
func (s *session) ownAccess(ctx context.Context, r local.Remote) (local.Remote, error) {
	if p, err := parsePlace(r.URL); err != nil || p.kind != placeHost {
		return r, nil
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return r, err
	}
	self, ready, err := s.settled(ctx, j)
	if mine := self.Device.String(); err != nil || !ready || r.Traits[traitOwnKey] == mine {
		return r, err
	}
	h, err := hostOf(r)
	if err != nil {
		return r, err
	}
	defer h.Close()
	k := hosted.Access{Key: h.Public(), Label: j.AccessLabel(self.Device), Owner: self.Owner}
	fresh := r.Traits[traitRegistered] == "" || r.Traits[traitOwnKey] != "" || self.Of != "" || self.Was != ""
	if fresh {
		if r, k.Key, err = s.nextKey(ctx, r, self.Device.String()); err != nil {
			return r, err
		}
	}
	k.Proof = j.AccessProof(k.Key)
	err = h.Vouch(ctx, k)
	if errors.Is(err, remote.ErrRefused) && k.Owner { // the key that it has is no owner's
		k.Owner = false
		err = h.Vouch(ctx, k)
	}
	if errors.Is(err, remote.ErrNotFound) {
		if err = nil; !fresh {
			err = h.Assign(ctx, hosted.Access{Key: k.Key, Label: k.Label, Owner: true})
		}
		return r, err
	}
	if err != nil {
		return r, err
	}
	old := h.Public()
	if r.Traits = maps.Clone(r.Traits); r.Traits == nil {
		r.Traits = map[string]string{}
	}
	r.Traits[traitOwnKey] = self.Device.String()
	if fresh {
		r.Secrets = maps.Clone(r.Secrets)
		r.Secrets[secretAccess] = r.Secrets[secretNext]
		delete(r.Secrets, secretNext)
		delete(r.Traits, traitRegistered)
		delete(r.Traits, traitNextOf)
	}
	if err := s.keepIfThere(ctx, r); err != nil {
		return r, err
	}
	if fresh && !originLives(j, self) {
		_ = h.Revoke(ctx, old) // nobody's any more; the next removal takes it away
	}
	if ended := before(j, self); fresh && len(ended) > 0 {
		_ = shutOut(ctx, j, r, ended, nil) // an owner's to do: one that is none leaves it to the next removal
	}
	return r, nil
}

// before are the devices that this one was before it drew fresh keys: whoever had those
// may have given keys to himself with them.
func before(j *journal.Journal, self journal.Member) (ids []identity.DeviceID) {
	all := j.Members()
	for _, m := range all {
		if m.Next != "" && goesOn(all, m).Device == self.Device {
			ids = append(ids, m.Device)
		}
	}
	return ids
}

// settled gives what this device is in the vault, and whether others know of it.
func (s *session) settled(ctx context.Context, j *journal.Journal) (self journal.Member, ready bool, err error) {
	st, err := j.Status(ctx)
	if err != nil {
		return self, false, err
	}
	for _, m := range j.Members() {
		if m.Self {
			self = m
		}
	}
	return self, self.Self && !self.Removed && !st.Replacing && !st.Restored && !st.Ended, nil
}

// originLives reports whether the device that this one was a copy of is a member still,
// and uses the key that both have.
func originLives(j *journal.Journal, self journal.Member) bool {
	for _, m := range j.Members() {
		if self.Of != "" && m.Letter == self.Of {
			return !m.Removed
		}
	}
	return false
}

// nextKey draws the key that a remote is to have, and keeps it first.
func (s *session) nextKey(ctx context.Context, r local.Remote, mine string) (local.Remote, ed25519.PublicKey, error) {
	// One that a copy, or the device before this one, drew is known to whoever has that.
	seed, err := base64.RawStdEncoding.DecodeString(r.Secrets[secretNext])
	if err == nil && len(seed) == ed25519.SeedSize && r.Traits[traitNextOf] == mine {
		return r, ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey), nil
	}
	next, public, err := newHostKey()
	if err != nil {
		return r, nil, err
	}
	if r.Secrets = maps.Clone(r.Secrets); r.Secrets == nil {
		r.Secrets = map[string]string{}
	}
	r.Secrets[secretNext] = next
	if r.Traits = maps.Clone(r.Traits); r.Traits == nil {
		r.Traits = map[string]string{}
	}
	r.Traits[traitNextOf] = mine
	return r, public, s.keepIfThere(ctx, r)
}

// keepIfThere keeps a remote's settings, unless it is only about to be added.
func (s *session) keepIfThere(ctx context.Context, r local.Remote) error {
	if r.ID == "" {
		return nil
	}
	return s.KeepRemote(ctx, r)
}

// shutOut takes removed devices' keys away at a host, and those that nobody is known
// to have: of invitations that are not used up, and of whoever gave keys to himself.
// With only, none but those of which that is true.
func shutOut(ctx context.Context, j *journal.Journal, r local.Remote, removed []identity.DeviceID, only func(keyOf) bool) error {
	h, err := hostOf(r)
	if err != nil {
		return err
	}
	defer h.Close()
	keys, err := h.Keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range toRevoke(j, keys, h.Public(), removed) {
		if only != nil && !only(k) {
			continue
		}
		if err := h.Revoke(ctx, k.key); err != nil {
			return err
		}
	}
	return nil
}

// keyOf is a key that is not to be left: a removed device's or one that it gave, else
// one of which nobody knows whose it is.
type keyOf struct {
	key  ed25519.PublicKey
	from bool
}

// toRevoke are the keys that are not to be left to removed devices. A label says
// nothing about who wrote it; a proof does, and so does which key added another.
func toRevoke(j *journal.Journal, keys []hosted.Access, own ed25519.PublicKey, removed []identity.DeviceID) (out []keyOf) {
	members := map[[32]byte]identity.DeviceID{}
	all := j.Members()
	for _, m := range all {
		// What its keys were before rekey labels its access until it has proved its own.
		if now := goesOn(all, m); !slices.Contains(removed, now.Device) && !now.Removed {
			members[j.AccessLabel(m.Device)] = now.Device
		}
	}
	proved, has, filed := map[string]bool{}, map[identity.DeviceID]bool{}, map[string]hosted.Access{}
	for _, k := range keys {
		filed[string(k.Key)] = k
		if d, ok := members[k.Label]; ok && (k.Key.Equal(own) || j.ProvesAccess(d, k.Key, k.Proof)) {
			proved[string(k.Key)], has[d] = true, true
		}
	}
	labels := map[[32]byte]bool{}
	for _, d := range removed {
		labels[j.AccessLabel(d)] = true
	}
	for _, k := range keys {
		d, member := members[k.Label]
		registered := k.Owner && k.Label == [32]byte{} && k.By == nil // with a token of the operator's
		from := labels[k.Label] || comesFrom(k, filed, proved, labels)
		switch {
		case k.Key.Equal(own), proved[string(k.Key)], registered:
		case member && !has[d] && !from:
		default:
			out = append(out, keyOf{k.Key, from})
		}
	}
	return out
}

// goesOn is the device that a device is by now, after any rekeys.
func goesOn(all []journal.Member, m journal.Member) journal.Member {
	for i := 0; i < len(all); i++ {
		if all[i].Letter == m.Next {
			m, i = all[i], -1
		}
	}
	return m
}

// comesFrom reports whether a key was added by one with such a label, or by one that those
// added, or by one that is gone. What a member's own key added is that member's doing.
func comesFrom(k hosted.Access, filed map[string]hosted.Access, proved map[string]bool, labels map[[32]byte]bool) bool {
	for range len(filed) + 1 {
		if k.By == nil || proved[string(k.By)] {
			return false
		}
		by, there := filed[string(k.By)]
		if !there || labels[by.Label] {
			return true
		}
		k = by
	}
	return true
}

// shutOutEverywhere gives the remotes that a removed device can still reach.
func (s *session) shutOutEverywhere(ctx context.Context, j *journal.Journal, list []local.Remote, removed identity.DeviceID) (open []local.Remote) {
	for _, r := range list {
		if p, err := parsePlace(r.URL); err != nil || p.kind != placeHost || shutOut(ctx, j, r, []identity.DeviceID{removed}, nil) != nil {
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
