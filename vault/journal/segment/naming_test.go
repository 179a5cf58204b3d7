package segment

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
)

// The vector was put together by hand from the specification.
func TestNamingVector(t *testing.T) {
	raw, err := os.ReadFile("testdata/naming.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Device, Name, Encoded string }
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	want, err := hex.DecodeString(v.Encoded)
	dev, derr := hex.DecodeString(v.Device)
	if err := errors.Join(err, derr); err != nil {
		t.Fatal(err)
	}
	m := Member{Name: &Naming{Device: [16]byte(dev), Name: v.Name}}
	if got := m.Encode(); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	got, err := DecodeMember(want)
	if err != nil || got.Name == nil || *got.Name != *m.Name {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestNamesThatAreNoneAreRefused(t *testing.T) {
	for what, name := range map[string]string{"empty": "", "no UTF-8": "\xff", "too long": strings.Repeat("x", MaxName+1)} {
		if _, err := DecodeMember(Member{Name: &Naming{Name: name}}.Encode()); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
