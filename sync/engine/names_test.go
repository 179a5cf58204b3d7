package engine

import (
	"encoding/binary"
	"testing"

	"phivault/sync/remote"
)

func TestOnlyTheLastNamesAreRemembered(t *testing.T) {
	name := func(i int) remote.Name {
		var id [32]byte
		binary.BigEndian.PutUint64(id[:], uint64(i))
		return remote.Join.Name(id)
	}
	var s names
	for i := range 3 * mostNames {
		s.add(name(i))
	}
	if len(s.set) != mostNames || len(s.ring) != mostNames {
		t.Errorf("%d names are kept", len(s.set))
	}
	if s.has(name(2*mostNames-1)) || !s.has(name(2*mostNames)) || !s.has(name(3*mostNames-1)) {
		t.Error("others than the last are kept")
	}
}
