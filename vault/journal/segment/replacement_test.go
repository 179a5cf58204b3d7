package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// The vector was put together from the specification by another program.
func TestEndingVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/ending.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Signing, KEM, Encoded string
		Given                 []string
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
	r := &Replacement{Ends: true}
	copy(r.Public.Signing[:], unhex(v.Signing))
	copy(r.Public.KEM[:], unhex(v.KEM))
	for _, g := range v.Given {
		r.Given = append(r.Given, EpochID(unhex(g)))
	}
	want := unhex(v.Encoded)
	if got := (Member{Replace: r}).Encode(); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	got, err := DecodeMember(want)
	if err != nil || got.Replace == nil || !got.Replace.Ends || got.Replace.Public != r.Public || len(got.Replace.Given) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	want[1] = tagReplace
	if got, err := DecodeMember(want); err != nil || got.Replace.Ends {
		t.Errorf("a mere replacement: %v", err)
	}
}
