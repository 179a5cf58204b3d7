package identity

import (
	"bytes"
	"errors"
	"testing"
)

func TestOwnIDIsTheDevicesName(t *testing.T) {
	g, err := NewGenesis(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	for _, seeds := range [][2][]byte{{seedA, seedB}, {seedB, seedA}, {seedB, seedB}} {
		p, err := FromSeeds(seeds[0], seeds[1])
		if err != nil {
			t.Fatal(err)
		}
		if id, err := OwnID(g, seeds[0], seeds[1]); err != nil || id != p.DeviceID() {
			t.Errorf("%v %v, want %v", id, err, p.DeviceID())
		}
	}
	if _, err := OwnID(g, seedA[:31], seedB); err == nil {
		t.Error("a short seed names a device")
	}
	if _, err := OwnID(g[:len(g)-1], seedA, seedB); !errors.Is(err, ErrGenesis) {
		t.Errorf("a genesis that is cut: %v", err)
	}
	later := bytes.Clone(g)
	later[9] = 2
	if _, err := OwnID(later, seedA, seedB); !errors.Is(err, ErrVersion) {
		t.Errorf("a later version: %v", err)
	}
}
