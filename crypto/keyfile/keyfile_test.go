package keyfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
)

func TestKeyFileOpensWithProductParameters(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	device := secret.Random(deviceSecretSize)
	for _, p := range []Params{DefaultParams(), FIPSParams()} {
		pass := phrase("correct horse battery staple")
		file, err := Seal(b, pass, device, p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Open(file, pass, device)
		if err != nil {
			t.Fatal(err)
		}
		if !sameBundle(b, got) || got.VaultID() != b.VaultID() {
			t.Errorf("%v: another bundle came back", p)
		}
		got.Destroy()
		info, err := Inspect(file)
		if want := (Info{1, 1, p, b.VaultID(), true}); err != nil || info != want {
			t.Errorf("%v: %+v, %v", p, info, err)
		}
	}
}

func TestASpareFitsOnPaper(t *testing.T) {
	if file := quickFile(t, newBundle(t), "x", nil, DefaultParams()); len(file) > 2000 {
		t.Errorf("a new key file has %d bytes", len(file))
	}
}

func TestWrongPassphraseAndWrongDeviceSecret(t *testing.T) {
	b, device := newBundle(t), secret.Random(deviceSecretSize)
	plain := quickFile(t, b, "right", nil, DefaultParams())
	bound := quickFile(t, b, "right", device, DefaultParams())
	for name, c := range map[string]struct {
		file   []byte
		pass   string
		device *secret.Bytes
		want   error
		calls  int
	}{
		"right":                        {plain, "right", nil, nil, 1},
		"wrong":                        {plain, "wrong", nil, ErrPassphrase, 1},
		"space after":                  {plain, "right ", nil, ErrPassphrase, 1},
		"line break after":             {plain, "right\n", nil, ErrPassphrase, 1},
		"NUL after":                    {plain, "right\x00", nil, ErrPassphrase, 1},
		"device secret not needed":     {plain, "right", device, nil, 1},
		"with device secret":           {bound, "right", device, nil, 1},
		"wrong, with device secret":    {bound, "wrong", device, ErrPassphrase, 1},
		"another device secret":        {bound, "right", secret.Random(32), ErrPassphrase, 1},
		"device secret absent":         {bound, "right", nil, ErrDeviceSecret, 0},
		"device secret short":          {bound, "right", secret.New(31), ErrDeviceSecret, 0},
		"empty passphrase":             {plain, "", nil, ErrUnusable, 0},
		"passphrase over the limit":    {plain, strings.Repeat("x", MaxPassphrase+1), nil, ErrUnusable, 0},
		"longest passphrase, is wrong": {plain, strings.Repeat("x", MaxPassphrase), nil, ErrPassphrase, 1},
	} {
		var kdf counter
		got, err := openWith(c.file, phrase(c.pass), c.device, kdf.derive)
		if !errors.Is(err, c.want) || kdf.calls != c.calls || (got == nil) != (err != nil) {
			t.Errorf("%s: %v after %d derivations", name, err, kdf.calls)
		}
		got.Destroy()
	}
}

func TestSealRefusesBeforeDeriving(t *testing.T) {
	b := newBundle(t)
	empty := newBundle(t)
	empty.Epochs = nil
	weak := DefaultParams()
	weak.Memory = 1024
	for name, c := range map[string]struct {
		b      *Bundle
		pass   string
		device *secret.Bytes
		p      Params
		want   error
	}{
		"weak parameters":     {b, "x", nil, weak, ErrParams},
		"no profile":          {b, "x", nil, Params{}, ErrVersion},
		"empty passphrase":    {b, "", nil, DefaultParams(), ErrUnusable},
		"long passphrase":     {b, strings.Repeat("x", MaxPassphrase+1), nil, DefaultParams(), ErrUnusable},
		"short device secret": {b, "x", secret.New(16), DefaultParams(), ErrDeviceSecret},
		"empty device secret": {b, "x", secret.New(0), DefaultParams(), ErrDeviceSecret},
		"no epoch":            {empty, "x", nil, DefaultParams(), nil},
	} {
		var kdf counter
		file, err := sealWith(c.b, phrase(c.pass), c.device, c.p, kdf.derive)
		if file != nil || err == nil || c.want != nil && !errors.Is(err, c.want) || kdf.calls != 0 {
			t.Errorf("%s: %v after %d derivations", name, err, kdf.calls)
		}
	}
}

// Whoever wrote the file chose its parameters: those outside the limits, and
// everything unknown, must not cost a single derivation.
func TestAttack05And06And07NothingIsDerived(t *testing.T) {
	b := newBundle(t)
	argon, fips := quickFile(t, b, "right", nil, DefaultParams()), quickFile(t, b, "right", nil, FIPSParams())
	with := func(file []byte, at int, v uint32) []byte {
		f := bytes.Clone(file)
		binary.BigEndian.PutUint32(f[at:], v)
		return f
	}
	byteAt := func(at int, v byte) []byte { f := bytes.Clone(argon); f[at] = v; return f }
	const memory, cost, threads = 12, 16, 20
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"memory below the floor":       {with(argon, memory, 64<<10-1), ErrParams},
		"memory above the ceiling":     {with(argon, memory, 1<<20+1), ErrParams},
		"memory absurd":                {with(argon, memory, 1<<32-1), ErrParams},
		"no memory":                    {with(argon, memory, 0), ErrParams},
		"two passes below 1 GiB":       {with(argon, cost, 2), ErrParams},
		"no pass at 1 GiB":             {with(with(argon, memory, 1<<20), cost, 0), ErrParams},
		"eleven passes":                {with(argon, cost, 11), ErrParams},
		"absurd passes":                {with(argon, cost, 1<<32-1), ErrParams},
		"no lane":                      {with(argon, threads, 0), ErrParams},
		"nine lanes":                   {with(argon, threads, 9), ErrParams},
		"257 lanes":                    {with(argon, threads, 257), ErrParams},
		"PBKDF2 below the floor":       {with(fips, cost, 599_999), ErrParams},
		"PBKDF2 above the ceiling":     {with(fips, cost, 10_000_001), ErrParams},
		"PBKDF2 with memory":           {with(fips, memory, 1), ErrParams},
		"PBKDF2 with lanes":            {with(fips, threads, 1), ErrParams},
		"Argon2id as fips":             {byteAt(10, byte(FIPS)), ErrParams},
		"version 0":                    {byteAt(8, 0), ErrVersion},
		"version 2":                    {byteAt(8, 2), ErrVersion},
		"suite 0":                      {byteAt(9, 0), ErrVersion},
		"suite 2":                      {byteAt(9, 2), ErrVersion},
		"profile 0":                    {byteAt(10, 0), ErrVersion},
		"profile 3":                    {byteAt(10, 3), ErrVersion},
		"flag 2":                       {byteAt(11, 2), ErrVersion},
		"flags 3":                      {byteAt(11, 3), ErrVersion},
		"device secret demanded":       {byteAt(11, 1), ErrDeviceSecret},
		"another magic":                {byteAt(0, 'P'), ErrFormat},
		"trailing byte":                {append(bytes.Clone(argon), 0), ErrFormat},
		"one byte short":               {argon[:len(argon)-1], ErrFormat},
		"only the header":              {argon[:headerSize], ErrFormat},
		"body length absurd":           {with(argon, 88, 1<<32-1), ErrFormat},
		"empty":                        {nil, ErrFormat},
		"text":                         {[]byte(strings.Repeat("not a key file\n", 20)), ErrFormat},
		"weak and in need of a secret": {with(byteAt(11, 1), memory, 64), ErrParams},
	} {
		var kdf counter
		got, err := openWith(c.file, phrase("right"), nil, kdf.derive)
		if got != nil || !errors.Is(err, c.want) || kdf.calls != 0 {
			t.Errorf("%s: %v after %d derivations, want %v", name, err, kdf.calls, c.want)
		}
		if _, err := Inspect(c.file); !errors.Is(c.want, ErrDeviceSecret) && !errors.Is(err, c.want) {
			t.Errorf("%s: Inspect says %v", name, err)
		}
	}
}

func TestEveryFlippedBitAndEveryTruncationIsRefused(t *testing.T) {
	file := quickFile(t, newBundle(t), "right", nil, DefaultParams())
	for bit := range len(file) * 8 {
		f := bytes.Clone(file)
		f[bit/8] ^= 1 << (bit % 8)
		device := secret.New(deviceSecretSize) // for the bit that demands one
		got, err := openWith(f, phrase("right"), device, new(counter).derive)
		if got != nil || err == nil {
			t.Fatalf("bit %d flipped, and it opens", bit)
		}
		// The salt, the vault id and everything sealed are beyond what can be
		// told without the passphrase: one answer.
		if at := bit / 8; (at >= 24 && at < 88 || at >= headerSize) && err != ErrPassphrase {
			t.Fatalf("bit %d flipped: %v", bit, err)
		}
		device.Destroy()
	}
	for n := range file {
		if got, err := openWith(file[:n], phrase("right"), nil, new(counter).derive); got != nil || !errors.Is(err, ErrFormat) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
}

func TestPartsOfOtherKeyFilesDoNotFit(t *testing.T) {
	b := newBundle(t)
	mine, again := quickFile(t, b, "right", nil, DefaultParams()), quickFile(t, b, "right", nil, DefaultParams())
	other := quickFile(t, newBundle(t), "right", nil, DefaultParams())
	costly := DefaultParams()
	costly.Time++
	dear := quickFile(t, b, "right", nil, costly)
	for name, f := range map[string][]byte{"older file": again, "other vault": other, "other parameters": dear} {
		for _, mix := range [][]byte{
			append(bytes.Clone(mine[:headerSize]), f[headerSize:]...),
			append(bytes.Clone(f[:headerSize]), mine[headerSize:]...),
		} {
			if got, err := openWith(mix, phrase("right"), nil, new(counter).derive); got != nil || err != ErrPassphrase {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A header that names another vault than the sealed genesis does, under the
// right passphrase: whoever wrote it knows the passphrase, and is refused still.
func TestHeaderOfAnotherVaultIsRefused(t *testing.T) {
	b := newBundle(t)
	plain, err := b.encode()
	if err != nil {
		t.Fatal(err)
	}
	h := fileHeader{magic: magic, params: DefaultParams(), bodySize: uint32(seal.Size(int64(plain.Len()), seal.Exact))}
	for vault, want := range map[[32]byte]error{b.VaultID(): nil, {1}: ErrPassphrase} {
		h.vaultID = vault
		pk := new(counter).derive(h.params, phrase("right"), h.salt[:])
		kek, err := wrapKey(pk, nil, h.encode())
		if err != nil {
			t.Fatal(err)
		}
		body, err := seal.Seal(plain.Bytes(), kek, h.context(), seal.Exact)
		if err != nil {
			t.Fatal(err)
		}
		got, err := openWith(append(h.encode(), body...), phrase("right"), nil, new(counter).derive)
		if err != want {
			t.Errorf("vault %x…: %v, want %v", vault[:2], err, want)
		}
		got.Destroy()
	}
}

func TestPassphraseIsNormalised(t *testing.T) {
	const (
		nfc   = "Z\u00fcrich \u00e9t\u00e9"    // one code point a letter
		nfd   = "Zu\u0308rich e\u0301te\u0301" // letter and accent
		mixed = "Z\u00fcrich e\u0301t\u00e9"   // as a careless keyboard has it
		third = "Zu\u0308rich e\u0301t\u00e9"  // another mix
	)
	b := newBundle(t)
	for name, c := range map[string]struct {
		made, typed string
		derived     []string // in this order, the last one being right
		opens       bool
	}{
		"ASCII":                       {"plain", "plain", []string{"plain"}, true},
		"composed, composed":          {nfc, nfc, []string{nfc}, true},
		"composed, decomposed":        {nfc, nfd, []string{nfc}, true},
		"decomposed, composed":        {nfd, nfc, []string{nfc}, true},
		"mixed, another mix":          {mixed, third, []string{nfc}, true},
		"wrong, composed":             {"x", nfc, []string{nfc, nfd}, false},
		"wrong, decomposed":           {"x", nfd, []string{nfc, nfd}, false},
		"wrong, mixed":                {"x", mixed, []string{nfc, nfd, mixed}, false},
		"not UTF-8":                   {"caf\xe9\xff", "caf\xe9\xff", []string{"caf\xe9\xff"}, true},
		"compatible forms stay apart": {"\ufb01ne", "fine", []string{"fine"}, false},
	} {
		file := quickFile(t, b, c.made, nil, DefaultParams())
		var kdf counter
		got, err := openWith(file, phrase(c.typed), nil, kdf.derive)
		if (err == nil) != c.opens || strings.Join(kdf.seen, "|") != strings.Join(c.derived, "|") {
			t.Errorf("%s: %v, derived %q", name, err, kdf.seen)
		}
		got.Destroy()
	}
}

// A file made by a program that did not normalise still opens.
func TestFileUnderADecomposedOrRawPassphraseOpens(t *testing.T) {
	b := newBundle(t)
	for _, made := range []string{"e\u0301", "e\u0301\u00e9"} {
		raw := func(p Params, _ *secret.Bytes, salt []byte) *secret.Bytes {
			return new(counter).derive(p, phrase(made), salt)
		}
		file, err := sealWith(b, phrase("any"), nil, DefaultParams(), raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := openWith(file, phrase(made), nil, new(counter).derive)
		if err != nil {
			t.Errorf("%q: %v", made, err)
		}
		got.Destroy()
	}
}

// Three bytes for each is the most that a normal form takes (the longest
// passphrase of the letters that grow most).
func TestNormalisationOfTheLongestPassphraseFits(t *testing.T) {
	for _, letter := range []string{"\u0390", "\U0001d160", "\u1f82", "\ufb2c", "\u0344", "\xff", "\u0301"} {
		p := phrase(strings.Repeat(letter, MaxPassphrase/len(letter)))
		for _, c := range candidates(p) {
			if c.Len() == 0 || c.Len() > 3*p.Len() {
				t.Errorf("%+q: %d bytes become %d", letter, p.Len(), c.Len())
			}
			c.Destroy()
		}
	}
}
