package journal

import (
	"context"
	"errors"
	"fmt"

	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Forecast is what a sync would move. What it says of Push is a forecast: cutting
// is done by the sync itself.
type Forecast struct {
	Push, Pull engine.Traffic
	More       bool // more than was looked for may lie there
	Requests   int  // that were made
}

// Getter reads an object, at most segment.MaxSize bytes of it; remote.ErrNotFound
// where there is none.
type Getter func(context.Context, remote.Name) ([]byte, error)

// Uncut gives the entries that no segment has yet, in order: the header, the body,
// and the bytes that they have in a segment.
type Uncut func(ctx context.Context, each func(h vault.Header, body []byte, size int64) error) error

// Preview tells what a sync with a remote would do, and changes nothing, here or
// there. uncut gives the entries that no segment has yet. Pull counts segments of logs that are known here, at most 16 of each,
// not what they cite. Errors are those of a sync: ErrGone, ErrFork, ErrForged,
// ErrRestored, ErrEnded, and what get says.
func (j *Journal) Preview(ctx context.Context, name string, get Getter,
	uncut Uncut) (f Forecast, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.mute(); err != nil {
		return f, err
	}
	marks, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return f, err
	}
	v := &preview{j: j, f: &f, remote: name, get: get}
	for _, log := range j.logs() {
		if err := v.log(ctx, log, marks[log]); err != nil {
			return f, err
		}
	}
	for _, log := range j.later(name, new(session)) {
		if log.Device != j.self {
			if _, err := v.ahead(ctx, log, 0, 0); err != nil {
				return f, err
			}
		}
	}
	if len(j.s.Floors) > 0 || !j.s.members(everything).is(j.self) {
		f.Push = engine.Traffic{} // nothing may be pushed
		return f, nil
	}
	beat, err := j.due(ctx)
	if err != nil {
		return f, err
	}
	return f, v.loose(ctx, uncut, beat, !j.opens(&segment.Segment{Place: vault.Place{Log: j.own, Seq: j.s.next(j.own)}}))
}

type preview struct {
	j      *Journal
	f      *Forecast
	remote string
	get    Getter
}

// log looks at one log: whether what was verified there still is, what is new
// there, and what of it the remote lacks.
func (v *preview) log(ctx context.Context, log vault.LogID, mark uint64) error {
	j := v.j
	next := j.s.next(log)
	if mark > 0 && mark <= next && !j.taken(v.remote, spot{log, mark - 1}) {
		e, err := j.epochOf(ctx, log, mark-1)
		if err != nil {
			return err
		}
		if s, _, err := v.ask(ctx, log, mark-1, e); err != nil {
			return err
		} else if j.keys[e] != nil && s == nil {
			return j.gone(vault.Place{Log: log, Seq: mark - 1}, "is absent")
		} else if s != nil {
			if err := v.compare(ctx, s); err != nil {
				return err
			}
		}
	}
	have := mark // as far as the remote is known to hold it
	if !j.full(log) && !j.closed(log) {
		var err error
		if have, err = v.ahead(ctx, log, mark, next); err != nil {
			return err
		}
	}
	for seq := have; seq < next; seq++ {
		if err := v.lacking(ctx, log, seq); err != nil {
			return err
		}
	}
	return nil
}

// ahead asks for what follows, and gives the first segment that is not there.
func (v *preview) ahead(ctx context.Context, log vault.LogID, seq, next uint64) (uint64, error) {
	j := v.j
	if log == j.own {
		e, err := j.epochOf(ctx, log, next)
		if err != nil {
			return seq, err
		}
		if s, _, err := v.ask(ctx, log, next, e); errors.Is(err, ErrUnreadable) {
			return seq, nil // a sync goes on in another log
		} else if err != nil || s == nil {
			return seq, err
		}
		return seq, at(ErrRestored, vault.Place{Log: log, Seq: next}, "a copy of this device wrote there")
	}
	e, err := j.epochOf(ctx, log, seq)
	for n := 0; err == nil; n++ {
		if n == lookAhead {
			v.f.More = true
			break
		}
		s, size, aerr := v.ask(ctx, log, seq, e)
		if aerr != nil || s == nil {
			return seq, aerr
		}
		if seq < next {
			err = v.compare(ctx, s)
		} else {
			v.f.Pull.Segments++
			v.f.Pull.Objects++
			v.f.Pull.Entries += len(s.Entries)
			v.f.Pull.Bytes += size
		}
		seq, e = seq+1, s.Next
	}
	return seq, err
}

// ask reads and verifies a segment; nil where there is none, or no key for it.
func (v *preview) ask(ctx context.Context, log vault.LogID, seq uint64, e segment.EpochID) (*segment.Segment, int64, error) {
	j, p := v.j, vault.Place{Log: log, Seq: seq}
	k := j.keys[e]
	if k == nil {
		return nil, 0, nil
	}
	n := j.space.Name(k.SegmentName(log, seq))
	v.f.Requests++
	object, err := v.get(ctx, n)
	if errors.Is(err, remote.ErrNotFound) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	s, _, err := segment.Open(object, j.id, k, n)
	if errors.Is(err, seal.ErrOpen) {
		return nil, 0, fmt.Errorf("%w: %s", ErrUnreadable, n)
	}
	public, known := j.s.public(log.Device)
	if err != nil || !known || s.VaultID != j.id || s.Place.Log != log || s.Place.Seq != seq || !s.Verify(public) {
		return nil, 0, at(ErrForged, p, "it is not what its writer signed")
	}
	return s, int64(len(object)), nil
}

func (v *preview) compare(ctx context.Context, s *segment.Segment) error {
	hash, err := v.j.hashAt(ctx, s.Place.Log, s.Place.Seq)
	if err == nil && hash != s.Place.Hash {
		err = at(ErrFork, s.Place, "two segments are signed for one place")
	}
	return err
}

// lacking counts a segment that is here, with what goes beside it.
func (v *preview) lacking(ctx context.Context, log vault.LogID, seq uint64) error {
	l, err := v.j.p.Ledger.Segment(ctx, log, seq)
	if err != nil {
		return err
	}
	s, err := segment.FromLedger(l)
	if err != nil {
		return fmt.Errorf("%w: a segment in the ledger", vault.ErrIntegrity)
	}
	bodies := bodiesOf(l)
	if k := v.j.keys[s.Epoch]; k != nil {
		beside, err := v.j.beside(ctx, s, bodies, k)
		if err != nil {
			return err
		}
		for _, e := range beside {
			v.object(e.Size)
		}
	}
	v.segment(len(s.Entries), int64(len(segment.Plaintext(s, bodies))))
	return nil
}

func (v *preview) object(size int64) {
	v.f.Push.Objects++
	v.f.Push.Bytes += size
}

func (v *preview) segment(entries int, plain int64) {
	v.f.Push.Segments++
	v.f.Push.Entries += entries
	v.object(seal.Size(plain, seal.Buckets))
}
