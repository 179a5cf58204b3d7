package main

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/remote"
	"phivault/vault/local"
)

// shutOutWait bounds what a sync does for this after it is done itself.
const shutOutWait = 30 * time.Second

// shutOutLate takes the access of removed devices away at a host of ours where their
// removal could not: it was down, or is no remote of who removed them. Which devices it
// is done for the remote remembers. Only an owner may; others leave it to one.
func (s *session) shutOutLate(ctx context.Context, r local.Remote) (local.Remote, error) {
	if p, err := parsePlace(r.URL); err != nil || p.kind != placeHost {
		return r, nil
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return r, err
	}
	self, ready, err := s.settled(ctx, j)
	if err != nil || !ready || !self.Owner {
		return r, err
	}
	done := strings.Fields(r.Traits[traitShutOut])
	var late []identity.DeviceID
	for _, m := range j.Members() {
		if id := m.Device.String(); m.Removed && m.Next == "" && !slices.Contains(done, id) {
			late, done = append(late, m.Device), append(done, id)
		}
	}
	if len(late) == 0 {
		return r, nil
	}
	ctx, cancel := context.WithTimeout(ctx, shutOutWait)
	defer cancel()
	// Keys of invitations stay: one may be open now.
	err = shutOut(ctx, j, r, late, func(k keyOf) bool { return k.from })
	if errors.Is(err, remote.ErrRefused) && !errors.Is(err, remote.ErrStranger) {
		return r, nil // the key that it has at the host is no owner's
	}
	if err != nil {
		return r, err
	}
	if r.Traits = maps.Clone(r.Traits); r.Traits == nil {
		r.Traits = map[string]string{}
	}
	r.Traits[traitShutOut] = strings.Join(done, " ")
	return r, nil
}
