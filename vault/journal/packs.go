package journal

import (
	"context"
	"errors"
	"fmt"

	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// pack gives the own segments from a.seq on as one object, or nothing when they
// are too large together, or of more than one epoch: whoever was a member in the
// first one's would read those of the later ones.
func (j *Journal) pack(ctx context.Context, name string, a ask) ([]engine.Envelope, error) {
	var parts [][]byte
	var epoch segment.EpochID
	size := 0
	for seq := a.seq; seq < a.seq+segment.PackSize; seq++ {
		l, err := j.p.Ledger.Segment(ctx, a.log, seq)
		if err != nil {
			return nil, err
		}
		s, err := segment.FromLedger(l)
		if err != nil {
			return nil, fmt.Errorf("%w: a segment in the ledger", vault.ErrIntegrity)
		}
		if seq == a.seq {
			epoch = s.Epoch
		}
		p := segment.Plaintext(s, bodiesOf(l))
		if size += 4 + len(p); size > segment.MaxPack || s.Epoch != epoch {
			return nil, nil
		}
		parts = append(parts, p)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	k := j.keys[epoch]
	if k == nil {
		return nil, fmt.Errorf("%w: an epoch's key is gone", vault.ErrIntegrity)
	}
	n := j.space.Name(k.PackName(a.log, a.seq))
	object, err := segment.SealPack(parts, j.id, k, n)
	if err != nil {
		return nil, err
	}
	j.session(name).asks[n] = a
	return []engine.Envelope{whole(n, object)}, nil
}

// farBehind reports whether a log is known, or seems, to have a whole pack after
// mark that is not here.
func (j *Journal) farBehind(se *session, log vault.LogID, mark uint64) bool {
	if mark%segment.PackSize != 0 || mark != j.s.next(log) || log == j.own || len(j.pending.logs[log]) > 0 {
		return false
	}
	for _, f := range j.s.Floors {
		if f.Log == log && f.Seq >= mark+segment.PackSize-1 {
			return true
		}
	}
	return se.ahead[log] == lookAhead
}

// takePack takes a pack in as the segments it holds. One that does not open counts
// as absent: nothing depends on it.
func (j *Journal) takePack(ctx context.Context, name string, e engine.Envelope, a ask) error {
	object, err := read(e, segment.MaxPackObject)
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	if err != nil {
		se.stop[e.Name] = errors.Is(err, ErrUnreadable)
		return err
	}
	parts, err := segment.OpenPack(object, j.id, j.keys[a.epoch], e.Name)
	if err != nil {
		se.stop[e.Name] = true
		if errors.Is(err, seal.ErrOpen) {
			return unreadable(err, e.Name)
		}
		return at(ErrForged, vault.Place{Log: a.log, Seq: a.seq}, "it is not a pack")
	}
	for i, p := range parts {
		err := j.takePart(ctx, name, se, ask{kind: askSegment, log: a.log, seq: a.seq + uint64(i), epoch: a.epoch}, p)
		if err != nil {
			se.stop[e.Name] = true
			return err
		}
	}
	return nil
}

func (j *Journal) takePart(ctx context.Context, name string, se *session, a ask, plain []byte) error {
	s, bodies, err := segment.ParsePlaintext(plain)
	if err != nil {
		return at(ErrForged, vault.Place{Log: a.log, Seq: a.seq}, "it is not a segment")
	}
	err = j.takeSegment(ctx, name, se, a, s, bodies, int64(len(plain)))
	if errors.Is(err, ErrGone) || errors.Is(err, ErrRestored) {
		se.refused = err
	}
	return err
}
