package journal

import (
	"context"
	"encoding/binary"
	"slices"

	"phivault/vault"
)

// oldState is what tells that the database is a copy: one byte of any value where
// that is certain; or oldCited, and the places, as device ‖ log u64 ‖ seq u64, of what
// others signed that cites what this device does not have. Who was removed says
// nothing any more: see reconsider.
const (
	oldState  = "restored"
	oldCited  = 2
	citedSize = 16 + 8 + 8
)

// setOld remembers that this database is behind what its device published: there is
// something that only its key can have signed. From then on nothing is pushed.
func (j *Journal) setOld(ctx context.Context, seen vault.Place) error {
	return j.nowOld(ctx, seen, []byte{1})
}

// accused is setOld on the word of another member.
func (j *Journal) accused(ctx context.Context, by vault.Place) error {
	b, err := j.p.State.State(ctx, oldState)
	if err != nil {
		return err
	}
	if len(b) != 1 {
		if b == nil {
			b = []byte{oldCited}
		}
		p := binary.BigEndian.AppendUint64(slices.Clone(by.Log.Device[:]), by.Log.Number)
		p = binary.BigEndian.AppendUint64(p, by.Seq)
		// One for each log: what it says later rests on that.
		if !slices.ContainsFunc(citedPlaces(b), func(o vault.Place) bool { return o.Log == by.Log }) {
			b = append(b, p...)
		}
	}
	return j.nowOld(ctx, by, b)
}

func (j *Journal) nowOld(ctx context.Context, seen vault.Place, b []byte) error {
	j.old = true
	if err := j.p.State.SetState(ctx, oldState, b); err != nil {
		return err
	}
	return at(ErrRestored, seen, "it cites, or is, what this device no longer has")
}

func citedPlaces(b []byte) (ps []vault.Place) {
	for c := range slices.Chunk(b[1:], citedSize) {
		p := vault.Place{Log: vault.LogID{Device: [16]byte(c), Number: binary.BigEndian.Uint64(c[16:])}}
		p.Seq = binary.BigEndian.Uint64(c[24:])
		ps = append(ps, p)
	}
	return ps
}

// accusers are the members on whose word alone this database counts as a copy.
func (j *Journal) accusers(ctx context.Context, ms membership) (out []Accuser, err error) {
	b, err := j.p.State.State(ctx, oldState)
	if err != nil || len(b) < 1+citedSize || (len(b)-1)%citedSize != 0 {
		return nil, err
	}
	for _, p := range citedPlaces(b) {
		if ms.stands(p) {
			out = append(out, accuser(ms, p))
		}
	}
	return out, nil
}

// reconsider takes back what rests on nothing but the word of devices that were
// removed, and which they gave beyond their cut-offs.
func (j *Journal) reconsider(ctx context.Context, ms membership) error {
	if !j.old {
		return nil
	}
	b, err := j.p.State.State(ctx, oldState)
	if err != nil || len(b) < 1+citedSize || (len(b)-1)%citedSize != 0 || slices.ContainsFunc(citedPlaces(b), ms.stands) {
		return err
	}
	if err := j.p.State.SetState(ctx, oldState, nil); err != nil {
		return err
	}
	j.old = false
	return nil
}
