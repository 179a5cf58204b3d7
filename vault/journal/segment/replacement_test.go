package segment

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// The vector was put together from the specification by another program.
func TestEndingVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/ending.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Signing, KEM, Consent, Encoded, Older string
		Given                                 []string
		Rank                                  uint32
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
	r := &Replacement{Ends: true, Rank: v.Rank}
	copy(r.Public.Signing[:], unhex(v.Signing))
	copy(r.Public.KEM[:], unhex(v.KEM))
	for _, g := range v.Given {
		r.Given = append(r.Given, EpochID(unhex(g)))
	}
	copy(r.Consent[:], unhex(v.Consent))
	want := unhex(v.Encoded)
	if got := (Member{Replace: r}).Encode(); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	got, err := DecodeMember(want)
	if err != nil || got.Replace == nil || !got.Replace.Ends || got.Replace.Public != r.Public || got.Replace.Consent != r.Consent || got.Replace.Rank != v.Rank || len(got.Replace.Given) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	r.Rank = 0
	if got, err := DecodeMember(unhex(v.Older)); err != nil || got.Replace.Rank != 0 || !bytes.Equal(Member{Replace: r}.Encode(), unhex(v.Older)) {
		t.Errorf("an older one: %+v, %v", got, err)
	}
	want[1] = tagReplace
	if got, err := DecodeMember(want); err != nil || got.Replace.Ends {
		t.Errorf("a mere replacement: %v", err)
	}
}

// A consent is over exactly what the specification says, and for that alone.
func TestConsentIsForOneReplacement(t *testing.T) {
	d, id, old := device(t, 3), [32]byte{9}, [16]byte{4}
	r := Replace(id, old, d, true)
	p := d.Public()
	signed := slices.Concat([]byte("phivault/replacement/v1\x00"), id[:], old[:], []byte{4}, p.Signing[:], p.KEM[:])
	if !ed25519.Verify(p.Signing[:], signed, r.Consent[:]) || !r.Agreed(id, old) {
		t.Error("it is over something else")
	}
	for name, change := range map[string]func(r *Replacement, id *[32]byte, old *[16]byte){
		"vault":     func(_ *Replacement, id *[32]byte, _ *[16]byte) { id[0]++ },
		"device":    func(_ *Replacement, _ *[32]byte, old *[16]byte) { old[0]++ },
		"kind":      func(r *Replacement, _ *[32]byte, _ *[16]byte) { r.Ends = false },
		"keys":      func(r *Replacement, _ *[32]byte, _ *[16]byte) { r.Public.KEM[0]++ },
		"signature": func(r *Replacement, _ *[32]byte, _ *[16]byte) { r.Consent[9]++ },
		"none":      func(r *Replacement, _ *[32]byte, _ *[16]byte) { clear(r.Consent[:]) },
	} {
		r, id, old := *r, id, old
		if change(&r, &id, &old); r.Agreed(id, old) {
			t.Errorf("it holds for another %s", name)
		}
	}
}
