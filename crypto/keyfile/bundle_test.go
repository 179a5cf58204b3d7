package keyfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"phivault/crypto/secret"
)

func TestNewBundleIsRandomAndWhole(t *testing.T) {
	a, b := newBundle(t), newBundle(t)
	if a.VaultID() == b.VaultID() || len(a.Epochs) != 1 {
		t.Error("two vaults with one id, or not exactly one epoch")
	}
	keys := []*secret.Bytes{
		a.Database, a.SigningSeed, a.KEMSeed, a.Epochs[0].Key,
		b.Database, b.SigningSeed, b.KEMSeed, b.Epochs[0].Key, secret.New(KeySize),
	}
	for i := range keys {
		for j := range i {
			if keys[i].Equal(keys[j]) {
				t.Errorf("keys %d and %d are equal", i, j)
			}
		}
	}
	a.Destroy()
	var none *Bundle
	none.Destroy()
}

func TestNewBundleWithoutAGenesisFails(t *testing.T) {
	boom := errors.New("boom")
	for name, f := range map[string]func(_, _ []byte) ([]byte, error){
		"error":    func(_, _ []byte) ([]byte, error) { return nil, boom },
		"empty":    func(_, _ []byte) ([]byte, error) { return nil, nil },
		"too long": func(_, _ []byte) ([]byte, error) { return make([]byte, MaxGenesis+1), nil },
	} {
		if b, err := NewBundle(f); b != nil || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBundleRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := &Bundle{
			Genesis:  rapid.SliceOfN(rapid.Byte(), 1, 3000).Draw(t, "genesis"),
			Database: secret.Random(KeySize), SigningSeed: secret.Random(KeySize), KEMSeed: secret.Random(KeySize),
		}
		defer b.Destroy()
		for i := range rapid.IntRange(1, 50).Draw(t, "epochs") {
			b.Epochs = append(b.Epochs, Epoch{[16]byte{byte(i), 7}, secret.Random(KeySize)})
		}
		p, err := b.encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := decode(p.Bytes())
		if err != nil || !sameBundle(b, got) {
			t.Fatalf("%v, or another bundle", err)
		}
		got.Destroy()
	})
}

func TestMalformedBundlesAreRefused(t *testing.T) {
	b := newBundle(t)
	p, err := b.encode()
	if err != nil {
		t.Fatal(err)
	}
	good := p.Bytes()
	for n := range good {
		if got, err := decode(good[:n]); got != nil || err == nil {
			t.Fatalf("cut to %d", n)
		}
	}
	count := len(good) - 48 - 4
	with := func(at int, v uint32) []byte { c := bytes.Clone(good); binary.BigEndian.PutUint32(c[at:], v); return c }
	twice := append(with(count, 2), good[count+4:]...)
	for name, c := range map[string][]byte{
		"trailing byte":        append(bytes.Clone(good), 0),
		"version 0":            with(0, 0),
		"version 2":            append([]byte{0, 2}, good[2:]...),
		"no genesis":           append([]byte{0, 1, 0, 0, 0, 0}, good[6+len(b.Genesis):]...),
		"genesis past end":     with(2, 1<<31),
		"no epochs":            with(count, 0)[:count+4],
		"epochs past end":      with(count, 1<<31),
		"one epoch too many":   with(count, 2),
		"the same epoch twice": twice,
	} {
		if got, err := decode(c); got != nil || err == nil {
			t.Errorf("%s", name)
		}
	}
	for name, spoil := range map[string]func(*Bundle){
		"short key":   func(b *Bundle) { b.Database = secret.New(16) },
		"no key":      func(b *Bundle) { b.KEMSeed = nil },
		"epoch twice": func(b *Bundle) { b.Epochs = append(b.Epochs, b.Epochs[0]) },
		"many epochs": func(b *Bundle) { b.Epochs = make([]Epoch, MaxEpochs+1) },
	} {
		c := *b
		c.Epochs = append([]Epoch(nil), b.Epochs...)
		spoil(&c)
		if _, err := c.encode(); err == nil {
			t.Errorf("%s was encoded", name)
		}
	}
}

func TestAFullBundleStaysBelowTheFileLimit(t *testing.T) {
	b := newBundle(t)
	b.Genesis = make([]byte, MaxGenesis)
	for i := len(b.Epochs); i < MaxEpochs; i++ {
		e := Epoch{Key: b.Epochs[0].Key}
		binary.BigEndian.PutUint32(e.ID[:], uint32(i))
		b.Epochs = append(b.Epochs, e)
	}
	file := quickFile(t, b, "x", nil, DefaultParams())
	got, err := openWith(file, phrase("x"), nil, new(counter).derive)
	if err != nil || len(file) > MaxFile || len(got.Epochs) != MaxEpochs {
		t.Errorf("%d bytes, %v", len(file), err)
	}
	got.Destroy()
}

func FuzzDecodeBundle(f *testing.F) {
	b := newBundle(f)
	p, err := b.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(p.Bytes())
	f.Add(p.Bytes()[:100])
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := decode(in)
		if err != nil {
			if got != nil {
				t.Error("a result beside an error")
			}
			return
		}
		defer got.Destroy()
		again, err := got.encode()
		if err != nil || !bytes.Equal(again.Bytes(), in) {
			t.Errorf("a second encoding of one bundle (%v)", err)
		}
		again.Destroy()
	})
}

func FuzzOpenKeyFile(f *testing.F) {
	b := newBundle(f)
	f.Add(quickFile(f, b, "right", nil, DefaultParams()))
	f.Add(quickFile(f, b, "right", nil, FIPSParams()))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, in []byte) {
		info, err := Inspect(in)
		if err != nil && !errors.Is(err, ErrParams) && info != (Info{}) {
			t.Error("a result beside an error")
		}
		var kdf counter
		got, openErr := openWith(in, phrase("right"), nil, kdf.derive)
		if (got == nil) != (openErr != nil) || err != nil && kdf.calls > 0 {
			t.Errorf("%v, %d derivations", openErr, kdf.calls)
		}
		got.Destroy()
	})
}
