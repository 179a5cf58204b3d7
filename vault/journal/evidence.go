package journal

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// That a log has two histories is known in one of two ways. Two segments for one place
// that its device signed are a proof. That another member cites another hash than the
// one here is its word: it may have been shown what is not shown here, or it may lie.

// fork is a place at which two histories are told of, and nobody has ended it.
type fork struct {
	log vault.LogID
	seq uint64
	by  vault.Place // the segment that tells: the log's own device's, or an accuser's
	// exact: all before it is the same on both sides.
	exact bool
	twins bool // by is a replacement, and what is here another
}

// proof reports whether the device itself signed both.
func (f fork) proof() bool { return f.by.Log.Device == f.log.Device }

// proved reports whether what f tells of follows from a proof: of the same place, or of
// one before it in the same log.
func proved(fs []fork, f fork) bool {
	return slices.ContainsFunc(fs, func(o fork) bool { return o.log == f.log && o.seq <= f.seq && o.proof() })
}

// Fork is a place of a log at which two histories are told of.
type Fork struct {
	Device identity.DeviceID
	Letter string
	Place  vault.Place // with the hash that is here
	// Proof: this device has held two segments for it, both signed by Device. Otherwise
	// By are the members who say so, which may be wrong.
	Proof bool
	By    []Accuser
	// Twins: what was signed twice are replacements. Two copies of Device took fresh keys
	// where neither could see the other; Copy is the letter of the one that is known here.
	Twins bool
	Copy  string
}

// Accuser is a member on whose word something rests, and the segment that says it.
type Accuser struct {
	Device identity.DeviceID
	Letter string
	At     vault.Place
}

// Forks tells of what nobody has ended yet, in the order of the places.
func (j *Journal) Forks(ctx context.Context) (out []Fork, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fs, err := j.forks(ctx)
	if err != nil {
		return nil, err
	}
	ms := j.s.members(everything)
	for _, f := range fs {
		i := slices.IndexFunc(out, func(o Fork) bool { return o.Place.Log == f.log && (o.Place.Seq == f.seq || o.Proof) })
		if i < 0 {
			m, _ := ms.find(f.log.Device)
			copied := ""
			hash, err := j.hashAt(ctx, f.log, f.seq)
			if err != nil && !errors.Is(err, vault.ErrNotFound) {
				return nil, err
			}
			// Which of two copies came first here is all that makes them differ.
			if f.twins {
				for _, e := range j.s.Events {
					if e.Copy && e.At.Log == f.log {
						m, _ := ms.find(e.Admit.Public.DeviceID())
						copied = letter(m.order)
					}
				}
			}
			i, out = len(out), append(out, Fork{Twins: f.twins, Copy: copied, Device: f.log.Device, Letter: letter(m.order), Proof: proved(fs, f),
				Place: vault.Place{Log: f.log, Seq: f.seq, Hash: hash}})
		}
		if !out[i].Proof {
			out[i].By = append(out[i].By, accuser(ms, f.by))
		}
	}
	return out, nil
}

func accuser(ms membership, p vault.Place) Accuser {
	m, _ := ms.find(p.Log.Device)
	return Accuser{p.Log.Device, letter(m.order), p}
}

// forks reads the evidence that still counts, ascending by place.
func (j *Journal) forks(ctx context.Context) (out []fork, err error) {
	keys, err := j.p.State.States(ctx, forkState)
	if err != nil {
		return nil, err
	}
	ms := j.s.members(everything)
	for _, k := range keys {
		part := strings.Split(strings.TrimPrefix(k, forkState), "/")
		f := fork{}
		if len(part) != 3 && len(part) != 4 || !unhex(f.log.Device[:], part[0]) {
			return nil, errEvidence
		}
		var err2 error
		f.log.Number, err = strconv.ParseUint(part[1], 10, 64)
		if f.seq, err2 = strconv.ParseUint(part[2], 10, 64); err != nil || err2 != nil {
			return nil, errEvidence
		}
		if !ms.stands(vault.Place{Log: f.log, Seq: f.seq}) {
			continue
		}
		b, err := j.p.State.State(ctx, k)
		if err != nil {
			return nil, err
		}
		s, err := segment.Decode(b)
		if err != nil {
			return nil, errEvidence
		}
		if f.by = s.Place; !ms.stands(s.Place) {
			continue // it was the word of one who was removed
		}
		if s.Place.Log == f.log && s.Place.Seq == f.seq && f.seq > 0 {
			before, err := j.hashAt(ctx, f.log, f.seq-1)
			f.exact = err == nil && before == s.Prev
		}
		l := j.s.Logs[f.log]
		f.twins = l != nil && l.Alone && f.proof() && s.Later() && s.Last && len(s.Entries) == 1 && s.Entries[0].Kind == vault.KindMember
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b fork) int { return segment.ComparePlaces(a.log, a.seq, b.log, b.seq) })
	return out, nil
}

var errEvidence = fmt.Errorf("%w: evidence of a fork", vault.ErrIntegrity)

// evidence keeps a segment that tells of two histories at a place: one of each device,
// the first that stands. fresh says that this is it.
func (j *Journal) evidence(ctx context.Context, p vault.Place, s *segment.Segment) (fresh bool, err error) {
	key := evidenceKey(p, s.Place.Log.Device)
	b, err := j.p.State.State(ctx, key)
	if err != nil {
		return false, err
	}
	if b != nil {
		old, err := segment.Decode(b)
		if err != nil {
			return false, errEvidence
		}
		if j.s.members(everything).stands(old.Place) {
			return false, nil
		}
	}
	j.stopped[p.Log] = true
	return true, j.p.State.SetState(ctx, key, s.Encode())
}

func evidenceKey(p vault.Place, by [16]byte) string {
	key := fmt.Sprintf("%s%s/%d/%d", forkState, hex.EncodeToString(p.Log.Device[:]), p.Log.Number, p.Seq)
	if by != p.Log.Device {
		key += "/" + hex.EncodeToString(by[:])
	}
	return key
}

// testimony is, for the device that takes this one's place, what members said of this
// one's logs up to from: as of anybody else's.
func (j *Journal) testimony(ctx context.Context, from uint64) (map[string][]byte, error) {
	out := map[string][]byte{}
	b, err := j.p.State.State(ctx, oldState)
	if err != nil || len(b) < 1+citedSize || (len(b)-1)%citedSize != 0 {
		return out, err
	}
	for _, p := range citedPlaces(b) {
		if p.Seq >= j.s.next(p.Log) {
			continue // it cites what never came here, and was not applied
		}
		l, err := j.p.Ledger.Segment(ctx, p.Log, p.Seq)
		if err != nil {
			return nil, err
		}
		s, err := segment.FromLedger(l)
		if err != nil {
			return nil, errEvidence
		}
		for _, h := range s.Heads {
			if h.Log == j.own && h.Seq < from {
				out[evidenceKey(h, p.Log.Device)] = s.Encode()
			}
		}
	}
	return out, nil
}

// otherBranch deals with a segment that its device signed on top of another than the
// last one here: that is a proof against it.
func (j *Journal) otherBranch(ctx context.Context, s *segment.Segment, last vault.Place) (verdict, []vault.Place, error) {
	if !j.s.members(everything).stands(last) {
		return pass, nil, nil
	}
	if _, err := j.evidence(ctx, last, s); err != nil {
		return 0, nil, err
	}
	return 0, nil, at(ErrFork, last, "what its device signed next follows another segment there")
}

// hear takes the word of a segment that is about to be applied for what it cites
// otherwise than it is here.
func (j *Journal) hear(ctx context.Context, c *checked) error {
	if len(c.told) == 0 {
		return nil
	}
	fs, err := j.forks(ctx)
	if err != nil {
		return err
	}
	for _, p := range c.told {
		if proved(fs, fork{log: p.Log, seq: p.Seq}) {
			continue
		}
		if p.Log == j.own { // cut here after an old copy was put back, or a lie
			err := j.accused(ctx, c.seg.Place)
			if !errors.Is(err, ErrRestored) {
				return err
			}
			j.split = append(j.split, err)
			continue
		}
		fresh, err := j.evidence(ctx, p, c.seg)
		if err != nil {
			return err
		}
		if fresh {
			m, _ := j.s.members(everything).find(c.seg.Place.Log.Device)
			j.split = append(j.split, at(ErrFork, p, "device "+letter(m.order)+" says that it has seen another segment there, and shows none"))
		}
	}
	return nil
}
