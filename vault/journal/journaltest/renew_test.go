package journaltest

import (
	"context"
	"errors"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// lies reports whether the store has a device's segment under the name that the
// key gives it.
func lies(t TB, r remote.Remote, d *Device, k *segment.Keys, seq uint64) bool {
	t.Helper()
	body, _, err := r.Get(context.Background(), segment.Space(d.VaultID()).Name(k.SegmentName(vault.LogID{Device: d.Keys.ID()}, seq)))
	if errors.Is(err, remote.ErrNotFound) {
		return false
	}
	check(t, err)
	return body.Close() == nil
}

func last(d *Device) uint64 {
	for _, m := range d.Journal.Members() {
		if m.Device == d.Keys.ID() {
			return m.Last[len(m.Last)-1].Seq
		}
	}
	return 0
}

func TestWhatIsWrittenAfterRekeyNoOldKeyFinds(t *testing.T) {
	dir, r := t.TempDir(), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	sync := func() {
		t.Helper()
		for _, d := range []*Device{a, b, a, b} {
			check(t, d.Sync(r))
		}
	}
	sync()
	// b's key file has every epoch so far: who took it has no more.
	var stolen []*segment.Keys
	for _, e := range b.Epochs() {
		k, err := segment.NewKeys(e.ID, e.Key)
		check(t, err)
		defer k.Destroy()
		stolen = append(stolen, k)
	}
	found := func(d *Device, seq uint64) bool {
		for _, k := range stolen {
			if lies(t, r, d, k, seq) {
				return true
			}
		}
		return false
	}
	if !found(a, 0) {
		t.Fatal("the stolen keys find nothing: the test looks at the wrong place")
	}
	a.Rekey(t)
	sync()
	for _, d := range []*Device{a, b} {
		before := last(d)
		d.Add(t, patient("after-"+d.Name))
		sync()
		if last(d) <= before {
			t.Fatalf("%s wrote nothing", d.Name)
		}
		for seq := before + 1; seq <= last(d); seq++ {
			if found(d, seq) {
				t.Errorf("%s: segment %d lies where an old key finds it", d.Name, seq)
			}
		}
	}
	if got, want := b.Contents(t), a.Contents(t); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
