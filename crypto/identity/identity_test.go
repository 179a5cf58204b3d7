package identity

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/mlkem"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"phivault/crypto/internal/wycheproof"
)

//go:generate go test -run ^TestVectors$ -update

var update = flag.Bool("update", false, "write the test vectors anew")

const vectorFile = "testdata/identity.json"

var seedA, seedB = bytes.Repeat([]byte{1}, SeedSize), bytes.Repeat([]byte{2}, SeedSize)

func TestGenesisRoundTrip(t *testing.T) {
	a, err := NewGenesis(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	g, err := ParseGenesis(a)
	if err != nil {
		t.Fatal(err)
	}
	public, err := FromSeeds(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	if g.Founder != public || g.Version != GenesisVersion || g.Suite != Suite || !bytes.Equal(g.Encode(), a) || g.VaultID() != sha256.Sum256(a) {
		t.Error("another genesis came back")
	}
	b, err := NewGenesis(seedA, seedB)
	if err != nil || bytes.Equal(a, b) {
		t.Error("two vaults of the same device have one genesis")
	}
}

func TestGenesisRefusesAllButItself(t *testing.T) {
	good, err := NewGenesis(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, err := ParseGenesis(good[:n]); !errors.Is(err, ErrGenesis) {
			t.Fatalf("cut to %d: %v", n, err)
		}
	}
	changed := func(at int, v byte) []byte { b := bytes.Clone(good); b[at] = v; return b }
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"trailing byte":   {append(bytes.Clone(good), 0), ErrGenesis},
		"magic":           {changed(0, 'x'), ErrGenesis},
		"version 0":       {changed(9, 0), ErrVersion},
		"version 2":       {changed(9, 2), ErrVersion},
		"version 257":     {changed(8, 1), ErrVersion},
		"suite 0":         {changed(11, 0), ErrVersion},
		"suite 2":         {changed(11, 2), ErrVersion},
		"KEM key is none": {append(bytes.Clone(good[:12+32+32]), bytes.Repeat([]byte{0xff}, KEMKeySize)...), ErrGenesis},
	} {
		if g, err := ParseGenesis(c.b); !errors.Is(err, c.want) || g != (Genesis{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSeedsOfOtherLengthsAreRefused(t *testing.T) {
	for _, n := range []int{0, 31, 33} {
		if _, err := FromSeeds(make([]byte, n), seedB); err == nil {
			t.Errorf("signing seed of %d", n)
		}
		if _, err := NewGenesis(seedA, make([]byte, n)); err == nil {
			t.Errorf("KEM seed of %d", n)
		}
	}
}

func TestKeysWorkForWhatTheyAre(t *testing.T) {
	p, err := FromSeeds(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	sig := ed25519.Sign(ed25519.NewKeyFromSeed(seedA), []byte("m"))
	if !ed25519.Verify(p.Signing[:], []byte("m"), sig) {
		t.Error("the signing key is not that of the seed")
	}
	kem := hpke.MLKEM768X25519()
	public, err := kem.NewPublicKey(p.KEM[:])
	if err != nil {
		t.Fatal(err)
	}
	private, err := kem.NewPrivateKey(seedB)
	if err != nil {
		t.Fatal(err)
	}
	enc, sender, err := hpke.NewSender(public, hpke.HKDFSHA512(), hpke.ExportOnly(), nil)
	if err != nil {
		t.Fatal(err)
	}
	recipient, err := hpke.NewRecipient(enc, private, hpke.HKDFSHA512(), hpke.ExportOnly(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err1 := sender.Export("x", 32)
	b, err2 := recipient.Export("x", 32)
	if err := errors.Join(err1, err2); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the KEM key is not that of the seed: %v", err)
	}
}

func TestDeviceIDCoversBothKeys(t *testing.T) {
	a, err := FromSeeds(seedA, seedB)
	if err != nil {
		t.Fatal(err)
	}
	b, c := a, a
	b.Signing[31] ^= 1
	c.KEM[KEMKeySize-1] ^= 1
	if a.DeviceID() == b.DeviceID() || a.DeviceID() == c.DeviceID() {
		t.Error("a key was replaced and the id stayed")
	}
	if s := a.DeviceID().String(); len(s) != 32 {
		t.Error(s)
	}
}

type vector struct {
	SigningSeed string `json:"signing_seed"`
	KEMSeed     string `json:"kem_seed"`
	SigningKey  string `json:"signing_key"`
	KEMKey      string `json:"kem_key"`
	DeviceID    string `json:"device_id"`
	Nonce       string `json:"nonce"`
	Genesis     string `json:"genesis"`
	VaultID     string `json:"vault_id"`
}

func TestVectors(t *testing.T) {
	if *update {
		cryptotest.SetGlobalRandom(t, 3)
		p, err := FromSeeds(seedA, seedB)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := NewGenesis(seedA, seedB)
		if err != nil {
			t.Fatal(err)
		}
		id, vault := p.DeviceID(), sha256.Sum256(raw)
		h := hex.EncodeToString
		out, err := json.MarshalIndent(vector{h(seedA), h(seedB), h(p.Signing[:]), h(p.KEM[:]), h(id[:]), h(raw[12:44]), h(raw), h(vault[:])}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(vectorFile), 0o755), os.WriteFile(vectorFile, append(out, '\n'), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
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
	// As crypto/SPEC.md says, in one line each.
	signing := ed25519.NewKeyFromSeed(unhex(v.SigningSeed)).Public().(ed25519.PublicKey)
	id := sha256.Sum256(bytes.Join([][]byte{[]byte("phivault/device/v1"), signing, unhex(v.KEMKey)}, nil))
	head := binary.BigEndian.AppendUint32([]byte("phvgene\x00"), 0x00010001)
	genesis := bytes.Join([][]byte{head, unhex(v.Nonce), signing, unhex(v.KEMKey)}, nil)
	vault := sha256.Sum256(genesis)
	for name, pair := range map[string][2][]byte{
		"signing key": {signing, unhex(v.SigningKey)}, "device id": {id[:16], unhex(v.DeviceID)},
		"genesis": {genesis, unhex(v.Genesis)}, "vault id": {vault[:], unhex(v.VaultID)},
	} {
		if !bytes.Equal(pair[0], pair[1]) {
			t.Errorf("the specification makes another %s", name)
		}
	}
	p, err := FromSeeds(unhex(v.SigningSeed), unhex(v.KEMSeed))
	if err != nil || !bytes.Equal(p.KEM[:], unhex(v.KEMKey)) || !bytes.Equal(p.Signing[:], signing) {
		t.Errorf("the package makes other keys: %v", err)
	}
	if g, err := ParseGenesis(genesis); err != nil || g.VaultID() != vault || g.Founder.DeviceID() != DeviceID(id[:16]) {
		t.Errorf("the package reads another genesis: %v", err)
	}
}

// draft-connolly-cfrg-xwing-kem, 5.2: both keys come from SHAKE256 of the seed.
// The beginning of the public key of the first vector in appendix C is typed
// here.
func TestXWingKeyOfTheDraft(t *testing.T) {
	seed, err := hex.DecodeString("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
	if err != nil {
		t.Fatal(err)
	}
	p, err := FromSeeds(seedA, seed)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := hex.EncodeToString(p.KEM[:32]), "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5"; got != want {
		t.Errorf("the key begins with %s, want %s", got, want)
	}
	expanded := sha3.SumSHAKE256(seed, 96)
	pq, err := mlkem.NewDecapsulationKey768(expanded[:64])
	if err != nil {
		t.Fatal(err)
	}
	x, err := ecdh.X25519().NewPrivateKey(expanded[64:])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(p.KEM[:], append(pq.EncapsulationKey().Bytes(), x.PublicKey().Bytes()...)) {
		t.Error("the key is not that of the draft")
	}
}

func TestWycheproofEd25519(t *testing.T) {
	for _, g := range wycheproof.Load(t, "ed25519_test.json") {
		for _, v := range g.Tests {
			if ok := ed25519.Verify(ed25519.PublicKey(g.PublicKey.PK), v.Msg, v.Sig); ok != (v.Result == "valid") {
				t.Errorf("%d (%s, %s)", v.ID, v.Comment, v.Result)
			}
		}
	}
}

func FuzzParseGenesis(f *testing.F) {
	good, err := NewGenesis(seedA, seedB)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:20])
	f.Fuzz(func(t *testing.T, b []byte) {
		g, err := ParseGenesis(b)
		if err == nil && !bytes.Equal(g.Encode(), b) {
			t.Error("a second encoding of one genesis")
		}
		if err != nil && g != (Genesis{}) {
			t.Error("a result beside an error")
		}
	})
}
