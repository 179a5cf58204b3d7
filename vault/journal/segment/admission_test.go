package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// The vector was put together from the specification by another program.
func TestAdmissionVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/admission.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Signing, KEM, Name, Encoded, Spare, Older string
		Given                                     []string
		Rank                                      uint32
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil || len(b) == 0 {
			t.Fatalf("%q: %v", s, err)
		}
		return b
	}
	a := Admission{Role: RoleOwner, Name: v.Name, Rank: v.Rank}
	copy(a.Public.Signing[:], unhex(v.Signing))
	copy(a.Public.KEM[:], unhex(v.KEM))
	for _, g := range v.Given {
		a.Given = append(a.Given, EpochID(unhex(g)))
	}
	spare, older := a, a
	spare.Spare, older.Rank = true, 0
	for name, x := range map[string]struct {
		a    Admission
		want []byte
	}{"an owner": {a, unhex(v.Encoded)}, "a spare": {spare, unhex(v.Spare)}, "of an older build": {older, unhex(v.Older)}} {
		if got := (Member{Admit: &x.a}).Encode(); !bytes.Equal(got, x.want) {
			t.Errorf("%s: %x, want %x", name, got, x.want)
		}
		got, err := DecodeMember(x.want)
		if err != nil || got.Admit == nil || got.Admit.Public != x.a.Public || got.Admit.Role != x.a.Role || got.Admit.Spare != x.a.Spare ||
			got.Admit.Rank != x.a.Rank || got.Admit.Name != x.a.Name || len(got.Admit.Given) != 2 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A rank is four bytes, and not 0, which is the founder's: one encoding for each, and none
// that is read as an older build's. Seen to be taken with the comparison with 0 left out of
// the decoder.
func TestRanksThatAreNoneAreRefused(t *testing.T) {
	d := device(t, 3)
	for name, m := range map[string]Member{
		"admission": {Admit: &Admission{Public: d.Public(), Name: "x", Given: []EpochID{{1}}}},
		"ended":     {Replace: Replace([32]byte{9}, [16]byte{3}, d, true, EpochID{1})},
	} {
		b := m.Encode()
		for _, rank := range [][]byte{{0}, {1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 0}, {0, 0, 0, 1, 0}} {
			if got, err := DecodeMember(append(b[:len(b):len(b)], rank...)); !errors.Is(err, ErrFormat) {
				t.Errorf("%s: %x: %+v, %v", name, rank, got, err)
			}
		}
		for _, rank := range [][]byte{{0, 0, 0, 1}, {255, 255, 255, 255}} {
			b := append(b[:len(b):len(b)], rank...)
			if got, err := DecodeMember(b); err != nil || !bytes.Equal(got.Encode(), b) {
				t.Errorf("%s: %x: %v", name, rank, err)
			}
		}
	}
}
