package keyfile

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"phivault/crypto/secret"
)

//go:generate go test -run ^TestVectors$ -update

var update = flag.Bool("update", false, "write the test vectors anew")

const vectorFile = "testdata/keyfile.json"

// vector is one key file; binary fields are hexadecimal.
type vector struct {
	Comment      string        `json:"comment"`
	Passphrase   string        `json:"passphrase"`    // as typed
	Normalised   string        `json:"normalised"`    // UTF-8 bytes in NFC, hexadecimal
	DeviceSecret string        `json:"device_secret"` // may be empty
	Profile      uint8         `json:"profile"`
	Memory       uint32        `json:"memory_kib"`
	Cost         uint32        `json:"passes_or_iterations"`
	Threads      uint32        `json:"lanes"`
	Salt         string        `json:"salt"`
	Nonce        string        `json:"nonce"`
	SealSalt     string        `json:"seal_salt"`
	Genesis      string        `json:"genesis"`
	Database     string        `json:"database_key"`
	SigningSeed  string        `json:"signing_seed"`
	KEMSeed      string        `json:"kem_seed"`
	Epochs       []vectorEpoch `json:"epochs"`
	PK           string        `json:"pk"`
	KEK          string        `json:"kek"`
	File         string        `json:"file"`
}

type vectorEpoch struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

// The least the product accepts, so that the vectors are quick and real.
var vectorParams = []Params{
	{Profile: Default, Memory: 64 << 10, Time: 3, Threads: 4},
	{Profile: FIPS, Iterations: 600_000},
}

func TestVectors(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	raw, err := os.ReadFile(vectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(raw, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != len(vectorParams) {
		t.Fatalf("%d vectors, want %d", len(vectors), len(vectorParams))
	}
	for _, v := range vectors {
		if got := straightLine(t, v); hex.EncodeToString(got) != v.File {
			t.Errorf("%s: the specification makes another file", v.Comment)
		}
		var device *secret.Bytes
		if v.DeviceSecret != "" {
			device = secret.FromBytes(unhex(t, v.DeviceSecret))
		}
		b, err := Open(unhex(t, v.File), phrase(v.Passphrase), device)
		if err != nil {
			t.Errorf("%s: %v", v.Comment, err)
			continue
		}
		var again vector
		describe(&again, b)
		if again.Genesis != v.Genesis || again.Database != v.Database || again.SigningSeed != v.SigningSeed ||
			again.KEMSeed != v.KEMSeed || len(again.Epochs) != 2 || again.Epochs[0] != v.Epochs[0] || again.Epochs[1] != v.Epochs[1] {
			t.Errorf("%s: another bundle", v.Comment)
		}
		b.Destroy()
	}
}

// straightLine makes the file again as crypto/SPEC.md says, sharing nothing
// with the packages.
func straightLine(t *testing.T, v vector) []byte {
	t.Helper()
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	sum := func(parts ...[]byte) []byte { h := sha256.Sum256(join(parts...)); return h[:] }
	mac := func(key []byte, parts ...[]byte) []byte {
		m := hmac.New(sha512.New, key)
		m.Write(join(parts...))
		return m.Sum(nil)
	}
	u16 := func(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
	u32 := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
	u64 := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

	genesis := unhex(t, v.Genesis)
	bundle := join(u16(1), u32(len(genesis)), genesis, unhex(t, v.Database), unhex(t, v.SigningSeed), unhex(t, v.KEMSeed), u32(len(v.Epochs)))
	for _, e := range v.Epochs {
		bundle = join(bundle, unhex(t, e.ID), unhex(t, e.Key))
	}
	bundle = join(bundle, u64(len(bundle)))

	flags := byte(0)
	if v.DeviceSecret != "" {
		flags = 1
	}
	vault := sum(genesis)
	header := join([]byte("phvkeys\x00"), []byte{1, 1, v.Profile, flags}, u32(int(v.Memory)), u32(int(v.Cost)), u32(int(v.Threads)),
		unhex(t, v.Salt), vault, u32(80+28+len(bundle)))

	var pk []byte
	if v.Profile == 1 {
		pk = referenceArgon2id(unhex(t, v.Normalised), unhex(t, v.Salt), nil, nil, v.Cost, v.Memory, v.Threads, 32)
	} else {
		pk = referencePBKDF2(unhex(t, v.Normalised), unhex(t, v.Salt), v.Cost)
	}
	kek := mac(mac(make([]byte, 64), pk, unhex(t, v.DeviceSecret)), sum(header), []byte{1})[:32]
	if hex.EncodeToString(pk) != v.PK || hex.EncodeToString(kek) != v.KEK {
		t.Errorf("%s: another PK or KEK", v.Comment)
	}

	sealHeader := join([]byte("phvault\x00"), []byte{1, 1, 0, 1, 0, 0, 0, 0})
	info := sum([]byte("phivault/seal/v1"), sealHeader, vault, u16(1), make([]byte, 16), u16(0))
	okm := mac(mac(unhex(t, v.SealSalt), kek), info, []byte{1})
	prefix := join(sealHeader, unhex(t, v.SealSalt), okm[32:])
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	return join(header, prefix, unhex(t, v.Nonce), gcm.Seal(nil, unhex(t, v.Nonce), bundle, join(sum(prefix), u64(0), []byte{1})))
}

func writeVectors(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 2)
	var vectors []vector
	for i, p := range vectorParams {
		v := vector{
			Comment: p.String(), Passphrase: "correct horse battery staple", Profile: uint8(p.Profile),
			Memory: p.Memory, Cost: max(p.Time, p.Iterations), Threads: p.Threads,
		}
		var device *secret.Bytes
		normalised := v.Passphrase
		if i == 1 {
			v.Comment += ", device secret, decomposed passphrase"
			v.Passphrase, normalised = "Zu\u0308rich", "Z\u00fcrich"
			device = secret.Random(deviceSecretSize)
			v.DeviceSecret = hex.EncodeToString(device.Bytes())
		}
		v.Normalised = hex.EncodeToString([]byte(normalised))
		b := newBundle(t)
		b.Genesis = []byte("a stand-in for the genesis record")
		b.Epochs = append(b.Epochs, Epoch{[16]byte{1, 2, 3}, secret.Random(KeySize)})
		file, err := Seal(b, phrase(v.Passphrase), device, p)
		if err != nil {
			t.Fatal(err)
		}
		describe(&v, b)
		v.File = hex.EncodeToString(file)
		v.Salt, v.SealSalt = hex.EncodeToString(file[24:56]), hex.EncodeToString(file[headerSize+16:headerSize+48])
		v.Nonce = hex.EncodeToString(file[headerSize+80 : headerSize+92])
		pk := derive(p, phrase(normalised), file[24:56])
		kek, err := wrapKey(pk, device, file[:headerSize])
		if err != nil {
			t.Fatal(err)
		}
		v.PK, v.KEK = hex.EncodeToString(pk.Bytes()), hex.EncodeToString(kek.Bytes())
		vectors = append(vectors, v)
	}
	out, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(vectorFile), 0o755), os.WriteFile(vectorFile, append(out, '\n'), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func describe(v *vector, b *Bundle) {
	v.Genesis = hex.EncodeToString(b.Genesis)
	v.Database = hex.EncodeToString(b.Database.Bytes())
	v.SigningSeed = hex.EncodeToString(b.SigningSeed.Bytes())
	v.KEMSeed = hex.EncodeToString(b.KEMSeed.Bytes())
	for _, e := range b.Epochs {
		v.Epochs = append(v.Epochs, vectorEpoch{hex.EncodeToString(e.ID[:]), hex.EncodeToString(e.Key.Bytes())})
	}
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
