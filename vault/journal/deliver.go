package journal

import (
	"context"
	"errors"
	"fmt"
	"io"

	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Deliver takes what a remote has under a name; see engine.Journal. Its errors
// are ErrForged, ErrFork, ErrGone, ErrUnreadable, ErrRestored, ErrEnded, ErrUnasked, and
// what the database or the envelope's reader says.
func (j *Journal) Deliver(ctx context.Context, name string, e engine.Envelope) error {
	j.mu.Lock()
	a, ok := j.session(name).asks[e.Name]
	k := j.keys[a.epoch]
	j.mu.Unlock()
	switch {
	case !ok:
		return fmt.Errorf("%w: %s", ErrUnasked, e.Name)
	case a.kind == askNeed:
		return j.takeNeed(ctx, e, a.need)
	case a.kind == askInbox, a.kind == askOldInbox, a.kind == askBoxPut:
		return j.takeInbox(ctx, e, a)
	case a.kind == askPack:
		return j.takePack(ctx, name, e, a)
	case a.kind == askOwnPack:
		return nil // whatever is there: nothing depends on it
	}
	object, err := read(e, segment.MaxSize)
	if err == nil && k == nil {
		err = fmt.Errorf("%w: no key for it", ErrUnreadable)
	}
	var s *segment.Segment
	var bodies [][]byte
	if err == nil {
		s, bodies, err = segment.Open(object, j.id, k, e.Name)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	p := vault.Place{Log: a.log, Seq: a.seq}
	switch {
	case (errors.Is(err, seal.ErrOpen) || errors.Is(err, ErrUnreadable)) && a.kind == askVerified:
		se.refused = j.gone(p, "was replaced")
		return se.refused
	case err != nil:
		// Nothing beyond it is asked for in this sync: a failure must cause no
		// request that the host could count.
		se.stop[e.Name] = true
	}
	if err != nil && errors.Is(unreadable(err, e.Name), ErrUnreadable) {
		if done, err := j.meetTaken(ctx, name, se, a); done || err != nil {
			return err
		}
	}
	switch {
	case errors.Is(err, segment.ErrFormat):
		return at(ErrForged, p, "it is not a segment")
	case err != nil:
		return unreadable(err, e.Name)
	}
	err = j.takeSegment(ctx, name, se, a, s, bodies, int64(len(object)))
	if errors.Is(err, ErrGone) || errors.Is(err, ErrRestored) || errors.Is(err, ErrEnded) {
		se.refused = err
	}
	return err
}

func read(e engine.Envelope, most int64) ([]byte, error) {
	if e.Size > most {
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrUnreadable, e.Name, e.Size)
	}
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%w: %s has more than it said", ErrUnreadable, e.Name)
	}
	return b, err
}

// takeSegment takes a segment that opened under the name of a place.
func (j *Journal) takeSegment(ctx context.Context, name string, se *session, a ask, s *segment.Segment, bodies [][]byte, size int64) error {
	p := s.Place
	public, known := j.s.public(a.log.Device)
	switch {
	case s.VaultID != j.id || p.Log != a.log || p.Seq != a.seq || s.Epoch != a.epoch:
		return at(ErrForged, vault.Place{Log: a.log, Seq: a.seq}, "it belongs to another place")
	case !known || !s.Verify(public):
		return at(ErrForged, p, "the signature is not its writer's")
	}
	if err := j.takeCarried(ctx, name, s); err != nil {
		return err
	}
	if a.seq < j.s.next(a.log) {
		return j.compare(ctx, name, se, a, s)
	}
	if a.kind == askReplace {
		j.again = true
		if mine, err := j.isOffer(ctx, s); mine || err != nil {
			return errors.Join(err, j.offered(ctx, name, a.log))
		}
	}
	if j.mustBeMine(s) {
		return j.setOld(ctx, p)
	}
	se.hit[a.log] = true
	if h := j.pending.logs[p.Log][p.Seq]; h != nil && h.seg.Place.Hash != p.Hash {
		return j.fork(ctx, p, s)
	}
	if !j.pending.hold(&held{seg: s, bodies: bodies, size: size, from: name}) {
		delete(se.asks, j.space.Name(j.keys[a.epoch].SegmentName(a.log, a.seq)))
		return fmt.Errorf("%w: for more than %d segments", ErrWaiting, maxHeld)
	}
	return j.drain(ctx)
}

// compare looks at a signed segment for a place that is taken here.
func (j *Journal) compare(ctx context.Context, name string, se *session, a ask, s *segment.Segment) error {
	hash, err := j.hashAt(ctx, a.log, a.seq)
	if err != nil {
		return err
	}
	if hash == s.Place.Hash {
		if a.kind == askPut {
			if err := j.sent(ctx, name, se, a); err != nil || a.log != j.own {
				return err
			}
			return j.carries(ctx, name, a.log, nil) // what it does carry, takeCarried has seen
		}
		se.hit[a.log] = se.hit[a.log] || a.kind == askSegment
		return j.mark(ctx, name, a.log, a.seq)
	}
	if a.log.Device == j.self {
		return j.setOld(ctx, s.Place)
	}
	fs, err := j.forks(ctx)
	if err != nil {
		return err
	}
	known := proved(fs, fork{log: a.log, seq: a.seq})
	err = j.fork(ctx, s.Place, s)
	switch {
	case err != nil && !errors.Is(err, ErrFork):
		return err
	case err == nil && a.kind == askPut && j.before != nil && a.log.Device == j.before.ID() && a.seq == 0:
		// Signed with the keys that ended where what brings their end should lie.
		if err := j.escort(ctx, name, a.log); err != nil {
			return err
		}
		return j.sent(ctx, name, se, a)
	case a.kind == askVerified && err != nil && !known: // else it may never have held this branch
		return fmt.Errorf("%w: %w", err, ErrGone)
	case a.kind == askPut && known: // told of before, and it keeps nothing else back
		return j.sent(ctx, name, se, a)
	case a.kind == askPut:
		// This remote keeps the other branch; the rest of the log goes there all the
		// same.
		return errors.Join(err, j.sent(ctx, name, se, a))
	}
	return err
}

func (j *Journal) fork(ctx context.Context, p vault.Place, s *segment.Segment) error {
	if _, err := j.evidence(ctx, p, s); err != nil {
		return err
	}
	if !j.s.members(everything).stands(p) {
		return nil // it was ended
	}
	return at(ErrFork, p, "two segments are signed for one place")
}
