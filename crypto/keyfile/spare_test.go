package keyfile

import (
	"encoding/base32"
	"errors"
	"strings"
	"testing"

	"phivault/crypto/secret"
)

func newSpare(t testing.TB) *Spare {
	b := newBundle(t)
	b.Database.Destroy()
	b.Database = secret.New(KeySize)
	return &Spare{Bundle: b, Remote: "https://vault.example:8443/", Pin: "pin", Credential: `{"access":"canary"}`}
}

func quickSpare(t testing.TB, s *Spare) string {
	t.Helper()
	text, err := sealSpareWith(s, phrase("right"), DefaultParams(), new(counter).derive)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestASpareComesBack(t *testing.T) {
	s := newSpare(t)
	text := quickSpare(t, s)
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ1234567:") != "" {
		t.Error("characters that make a QR code larger")
	}
	for _, typed := range []string{text, strings.ToLower(text), " " + text[:30] + "\r\n\t" + text[30:] + "\n"} {
		got, err := openSpareWith(typed, phrase("right"), new(counter).derive)
		if err != nil {
			t.Fatal(err)
		}
		if got.Remote != s.Remote || got.Pin != s.Pin || got.Credential != s.Credential || !got.SigningSeed.Equal(s.SigningSeed) ||
			!got.KEMSeed.Equal(s.KEMSeed) || len(got.Epochs) != len(s.Epochs) || got.VaultID() != s.VaultID() {
			t.Error("another one comes back")
		}
		got.Destroy()
	}
	if _, err := openSpareWith(text, phrase("wrong"), new(counter).derive); !errors.Is(err, ErrPassphrase) {
		t.Errorf("another passphrase: %v", err)
	}
	if strings.Contains(s.String()+s.GoString(), "canary") {
		t.Error("it prints itself")
	}
}

// Not a key file, nor a key file a spare, though both open with one passphrase.
func TestASpareIsNoKeyFile(t *testing.T) {
	s := newSpare(t)
	b, err := spareBytes(quickSpare(t, s))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openWith(b, phrase("right"), nil, new(counter).derive); !errors.Is(err, ErrFormat) {
		t.Errorf("a spare as a key file: %v", err)
	}
	copy(b, magic)
	if _, err := openWith(b, phrase("right"), nil, new(counter).derive); !errors.Is(err, ErrPassphrase) {
		t.Errorf("with its mark changed: %v", err)
	}
	file := quickFile(t, newBundle(t), "right", nil, DefaultParams())
	text := spareMark + base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(file)
	if _, err := openSpareWith(text, phrase("right"), new(counter).derive); !errors.Is(err, ErrSpare) {
		t.Errorf("a key file as a spare: %v", err)
	}
}

// Weak and absurd costs, unknown versions and damage cost no derivation.
func TestASpareIsRefusedBeforeDeriving(t *testing.T) {
	good, err := spareBytes(quickSpare(t, newSpare(t)))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(b []byte) []byte{
		"weak memory":    func(b []byte) []byte { copy(b[12:], []byte{0, 0, 0, 1}); return b },
		"absurd memory":  func(b []byte) []byte { copy(b[12:], []byte{255, 255, 255, 255}); return b },
		"no passes":      func(b []byte) []byte { copy(b[16:], []byte{0, 0, 0, 0}); return b },
		"version":        func(b []byte) []byte { b[8] = 2; return b },
		"suite":          func(b []byte) []byte { b[9] = 0; return b },
		"profile":        func(b []byte) []byte { b[10] = 9; return b },
		"cut":            func(b []byte) []byte { return b[:len(b)-1] },
		"a trailing one": func(b []byte) []byte { return append(b, 0) },
	} {
		var kdf counter
		b := change(append([]byte(nil), good...))
		s, err := openSpareWith(spareMark+base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b), phrase("right"), kdf.derive)
		if err == nil || s != nil || kdf.calls != 0 {
			t.Errorf("%s: %v after %d derivations", name, err, kdf.calls)
		}
	}
}

func TestHowMuchFitsIntoASpare(t *testing.T) {
	s := newSpare(t)
	n, err := SpareEpochs(s.Genesis, s.Remote, s.Pin, s.Credential)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n + 1 {
		if len(s.Epochs) == n+1 {
			break
		}
		s.Epochs = append(s.Epochs, Epoch{ID: [16]byte{byte(i), 7}, Key: secret.Random(KeySize)})
		text, err := sealSpareWith(s, phrase("right"), DefaultParams(), new(counter).derive)
		if fits := len(s.Epochs) <= n; fits != (err == nil) || !fits && !errors.Is(err, ErrSpare) || len(text) > 4296 {
			t.Fatalf("%d of %d epochs, %d characters: %v", len(s.Epochs), n, len(text), err)
		}
	}
	if _, err := SpareEpochs(s.Genesis, strings.Repeat("x", MaxSpare), "", ""); !errors.Is(err, ErrSpare) {
		t.Errorf("an address that is too long: %v", err)
	}
}

func FuzzOpenSpare(f *testing.F) {
	f.Add(quickSpare(f, newSpare(f)))
	f.Add(spareMark)
	f.Fuzz(func(t *testing.T, in string) {
		var kdf counter
		s, err := openSpareWith(in, phrase("right"), kdf.derive)
		if (s == nil) != (err != nil) {
			t.Error("a result beside an error")
		}
		if s != nil {
			s.Destroy()
		}
	})
}

func FuzzDecodeSpare(f *testing.F) {
	s := newSpare(f)
	p, err := s.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bytes())
	id := s.VaultID()
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := decodeSpare(fileHeader{vaultID: id}, in)
		if (got == nil) != (err != nil) {
			t.Fatal("a result beside an error")
		}
		if got == nil {
			return
		}
		defer got.Destroy()
		again, err := got.encode()
		if err != nil || string(again.Bytes()) != string(in) {
			t.Errorf("a second encoding of one spare (%v)", err)
		}
	})
}
