package store

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/vault"
)

// large cuts a segment of n observations out of a device's log.
func large(t *testing.T, n int) vault.Segment {
	t.Helper()
	s := device(t, 1)
	var b vault.Batch
	for i := range n {
		b.Puts = append(b.Puts, put(t, s, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`, i, i)))
	}
	if _, err := s.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	seg, ok, err := s.Cut(ctx, vault.CutLimits{Entries: maxEntries}, func(d vault.Draft) ([]byte, vault.Hash, error) {
		head, err := json.Marshal(d)
		return head, sha256.Sum256(head), err
	})
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return seg
}

func TestPutsOpenedAheadArriveInOrderAndWhole(t *testing.T) {
	for _, n := range []int{1, openAtOnce - 1, openAtOnce, 3*openAtOnce + 7} {
		seg := large(t, n)
		s := device(t, 2)
		a, err := s.Apply(ctx, seg, nil)
		if err != nil || a.New != n || a.Entries != len(seg.Entries) {
			t.Fatal(n, a, err)
		}
		for _, e := range seg.Entries {
			if e.Header.Kind != vault.KindPut {
				continue
			}
			if r, err := s.Get(ctx, e.Header.Record); err != nil || r.ID != e.Header.Record {
				t.Fatal(n, err)
			}
		}
		clean(t, s)
	}
}

// What is found only while entries before it are being applied leaves none of them.
func TestABadPutLateInASegmentLeavesNothingOfIt(t *testing.T) {
	seg := large(t, 3*openAtOnce)
	s := device(t, 2)
	good := seg.Entries[2*openAtOnce+5]
	seg.Entries[2*openAtOnce+5].Header.Payload[0] ^= 1
	if _, err := s.Apply(ctx, seg, nil); !errors.Is(err, vault.ErrIntegrity) {
		t.Fatal(err)
	}
	if got := contents(t, s); strings.Contains(got, "pulse") {
		t.Fatalf("something of it is there: %.200s", got)
	}
	seg.Entries[2*openAtOnce+5] = good
	if a, err := s.Apply(ctx, seg, nil); err != nil || a.New != 3*openAtOnce {
		t.Fatal(a, err)
	}
}
