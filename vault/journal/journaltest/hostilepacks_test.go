package journaltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// swapped serves another object under one name.
type swapped struct {
	remote.Remote
	name remote.Name
	b    []byte
}

func (s *swapped) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n == s.name {
		return io.NopCloser(bytes.NewReader(s.b)), int64(len(s.b)), nil
	}
	return s.Remote.Get(ctx, n)
}

// A host that damages a pack, or has it exchanged for another object, keeps
// nothing from anyone: the segments are there. A pack made with a member's keys
// that holds anything but the 64 segments of its place is forged, whatever it is,
// and nothing of it that is not signed for its place is applied.
func TestHostilePacks(t *testing.T) {
	ctx, dir, r := context.Background(), Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.edits(t, r, 0, 130)
	names := a.packs(t)
	log, k := vault.LogID{Device: a.Keys.ID()}, a.keys(t, a.epochs[0].ID)
	good, err := Get(ctx, r, names[0])
	check(t, err)
	body, err := good.Open()
	check(t, err)
	object, err := io.ReadAll(body)
	check(t, err)
	parts, err := segment.OpenPack(object, a.VaultID(), k, names[0])
	check(t, err)
	second, err := Get(ctx, r, names[1])
	check(t, err)
	body, err = second.Open()
	check(t, err)
	other, err := io.ReadAll(body)
	check(t, err)
	first, err := Get(ctx, r, segment.Space(a.VaultID()).Name(k.SegmentName(log, 0)))
	check(t, err)
	body, err = first.Open()
	check(t, err)
	single, err := io.ReadAll(body)
	check(t, err)

	sealed := func(parts ...[]byte) []byte {
		b, err := segment.SealPack(parts, a.VaultID(), k, names[0])
		check(t, err)
		return b
	}
	with := func(i int, p []byte) [][]byte {
		c := slices.Clone(parts)
		c[i] = p
		return c
	}
	flipped := bytes.Clone(object)
	flipped[len(flipped)/2] ^= 1
	wrong := bytes.Clone(parts[5])
	wrong[4+300] ^= 1 // within what is signed
	for name, c := range map[string]struct {
		object []byte
		want   error
	}{
		"flipped":                 {flipped, journal.ErrUnreadable},
		"cut":                     {object[:len(object)-1], journal.ErrUnreadable},
		"the next pack":           {other, journal.ErrUnreadable},
		"a segment":               {single, journal.ErrUnreadable},
		"too large":               {make([]byte, segment.MaxPackObject+1), journal.ErrUnreadable},
		"63 segments":             {sealed(parts[:63]...), journal.ErrForged},
		"65 segments":             {sealed(append(slices.Clone(parts), parts[0])...), journal.ErrForged},
		"nothing":                 {sealed(), journal.ErrForged},
		"two exchanged":           {sealed(append([][]byte{parts[1], parts[0]}, parts[2:]...)...), journal.ErrForged},
		"one twice":               {sealed(with(1, parts[0])...), journal.ErrForged},
		"a signature that is not": {sealed(with(5, wrong)...), journal.ErrForged},
		"an empty part":           {sealed(with(63, nil)...), journal.ErrForged},
		"garbage":                 {sealed(with(0, []byte("garbage"))...), journal.ErrForged},
	} {
		b := Join(t, a, r, dir, fmt.Sprint("b ", name), segment.RoleMember)
		err := b.Sync(&swapped{r, names[0], c.object})
		if !errors.Is(err, c.want) || c.want != journal.ErrForged && errors.Is(err, journal.ErrForged) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if b.Contents(t) != a.Contents(t) {
			t.Errorf("%s: it kept something back", name)
		}
		b.Verify(t)
		b.Close()
	}
}

// A pack that is there already, of whatever kind, does not keep its writer from
// going on.
func TestAPackNameThatIsTaken(t *testing.T) {
	ctx, dir, r := context.Background(), Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	n := segment.Space(a.VaultID()).Name(a.keys(t, a.epochs[0].ID).PackName(vault.LogID{Device: a.Keys.ID()}, 0))
	check(t, r.Put(ctx, n, bytes.NewReader([]byte("rubbish")), 7))
	a.edits(t, r, 0, 70)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	if err := b.Sync(r); !errors.Is(err, journal.ErrUnreadable) || b.Contents(t) != a.Contents(t) {
		t.Errorf("%v, or not all arrived", err)
	}
}
