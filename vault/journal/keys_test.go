package journal

import (
	"testing"

	"phivault/crypto/secret"
	"phivault/vault/journal/segment"
)

// A copy of a device and whoever draws fresh keys begin with what Keys gives, and take
// the first for the vault's first epoch: none may come before it, also none whose
// beginning is not here yet.
func TestTheFirstEpochIsAtTheFront(t *testing.T) {
	first, known, unknown := segment.EpochID{5}, segment.EpochID{9}, segment.EpochID{1}
	j := &Journal{first: first, keys: map[segment.EpochID]*segment.Keys{}, s: &state{Epochs: map[segment.EpochID]*epochInfo{
		first: {ID: first}, known: {ID: known, Parent: first, Depth: 0}}}}
	for _, id := range []segment.EpochID{known, first, unknown} {
		k, err := segment.NewKeys(id, secret.New(32))
		if err != nil {
			t.Fatal(err)
		}
		j.keys[id] = k
	}
	want := []segment.EpochID{first, known, unknown}
	for i, k := range j.Keys() {
		defer k.Key.Destroy()
		if k.ID != want[i] {
			t.Errorf("at %d is %x, want %x", i, k.ID[:1], want[i][:1])
		}
	}
}
