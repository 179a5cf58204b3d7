package journaltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// edits writes n records, each of them a segment of its own.
func (d *Device) edits(t TB, r remote.Remote, from, n int) {
	for i := range n {
		d.Add(t, strings.Replace(pulse, "o1", fmt.Sprint("o", from+i), 1))
		d.run(t, r)
	}
}

// keys are those of a segment's epoch, from the key file.
func (d *Device) keys(t testing.TB, epoch segment.EpochID) *segment.Keys {
	for _, e := range d.epochs {
		if e.ID == epoch {
			k, err := segment.NewKeys(e.ID, e.Key)
			check(t, err)
			t.Cleanup(k.Destroy)
			return k
		}
	}
	t.Fatalf("no key of this epoch")
	return nil
}

// packs are the names of the packs of a device's first log, as far as it is.
func (d *Device) packs(t testing.TB) (names []remote.Name) {
	ctx, log := context.Background(), vault.LogID{Device: d.Keys.ID()}
	places, err := d.Store.Places(ctx)
	check(t, err)
	i := slices.IndexFunc(places, func(p vault.Place) bool { return p.Log == log })
	for seq := uint64(0); seq+segment.PackSize <= places[i].Seq+1; seq += segment.PackSize {
		l, err := d.Store.Segment(ctx, log, seq)
		check(t, err)
		s, err := segment.FromLedger(l)
		check(t, err)
		names = append(names, segment.Space(d.VaultID()).Name(d.keys(t, s.Epoch).PackName(log, seq)))
	}
	return names
}

func has(t testing.TB, r remote.Remote, n remote.Name) bool {
	_, err := Get(context.Background(), r, n)
	return err == nil
}

// A device that joins a vault of many small segments takes packs, and one that
// was away for long does. Without packs they get the same by more requests.
func TestPacks(t *testing.T) {
	for _, kept := range []bool{true, false} {
		dir, r := Scratch(t), memory.New()
		a := Found(t, dir, "a")
		a.edits(t, r, 0, 140)
		packs := a.packs(t)
		if len(packs) != 2 || !has(t, r, packs[0]) || !has(t, r, packs[1]) {
			t.Fatalf("packs %v", packs)
		}
		if !kept {
			for _, n := range packs {
				check(t, r.Delete(context.Background(), n))
			}
		}
		b := Join(t, a, r, dir, "b", segment.RoleMember)
		got := b.run(t, r).Requests
		// Two packs, 14 segments, at most 16 names in vain, and some of another epoch.
		if kept && got > 2+14+16+8 || !kept && got < 140 {
			t.Errorf("packs kept %v: %d requests to join", kept, got)
		}
		if b.Contents(t) != a.Contents(t) {
			t.Error("not all arrived")
		}
		b.Verify(t)
		if again := b.run(t, r); again.Requests > 6 || again.Pushed.Objects > 0 {
			t.Errorf("a sync after that: %+v", again)
		}
		a.Close()
		b.Close()
	}
}

func TestADeviceThatWasAwayTakesPacks(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	b.run(t, r)
	a.edits(t, r, 0, 300)
	if got := b.run(t, r).Requests; got > 64+4+64+20 {
		t.Errorf("%d requests for 300 segments", got)
	}
	if b.Contents(t) != a.Contents(t) {
		t.Error("not all arrived")
	}
}

// Segments of two epochs are in no pack: a device that was a member in the first
// would read what was written after its removal.
func TestNoPackAcrossEpochs(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.edits(t, r, 0, 30)
	b := Join(t, a, r, dir, "b", segment.RoleMember) // from here on under another epoch
	defer b.Close()
	a.edits(t, r, 30, 110)
	n := 0
	for e := range r.List(context.Background(), segment.Space(a.VaultID())) {
		if e.Size > 4<<10 {
			n++
		}
	}
	first := segment.Space(a.VaultID()).Name(a.keys(t, a.epochs[0].ID).PackName(vault.LogID{Device: a.Keys.ID()}, 0))
	if has(t, r, first) || n != 1+1 { // the admission, and the pack of the second 64
		t.Errorf("a pack across epochs, or %d large objects", n)
	}
	c := Join(t, a, r, dir, "c", segment.RoleMember)
	defer c.Close()
	c.run(t, r)
	if c.Contents(t) != a.Contents(t) {
		t.Error("not all arrived")
	}
}

// Too much for one object is left in its segments.
func TestNoPackOfLargeSegments(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	for i := range 64 {
		note := fmt.Sprintf("%x", secret.Random(75_000).Bytes())
		a.Add(t, strings.Replace(strings.Replace(pulse, "o1", fmt.Sprint("o", i), 1), "pulse", note, 1))
		a.run(t, r)
	}
	if packs := a.packs(t); len(packs) != 1 || has(t, r, packs[0]) {
		t.Errorf("a pack of 64 large segments")
	}
}
