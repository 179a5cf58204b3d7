package seal

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
	"flag"
	"os"
	"path/filepath"
	"testing"
	"testing/cryptotest"

	"phivault/crypto/secret"
)

//go:generate go test -run ^TestVectors$ -update

var update = flag.Bool("update", false, "write the test vectors anew")

const vectorFile = "testdata/seal.json"

// vector is one object; binary fields are hexadecimal. The plaintext is
// PlaintextLength bytes, byte i being i mod 251. Object is left out when it
// is long.
type vector struct {
	Comment         string   `json:"comment"`
	Key             string   `json:"key"`
	VaultID         string   `json:"vault_id"`
	Kind            uint16   `json:"kind"`
	Epoch           string   `json:"epoch"`
	Name            string   `json:"name"`
	Padding         string   `json:"padding"`
	PlaintextLength int      `json:"plaintext_length"`
	Salt            string   `json:"salt"`
	Nonces          []string `json:"nonces"`
	Commitment      string   `json:"commitment"`
	ObjectLength    int      `json:"object_length"`
	ObjectSHA256    string   `json:"object_sha256"`
	Object          string   `json:"object,omitempty"`
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
	if len(vectors) != len(vectorInputs) {
		t.Fatalf("%d vectors, want %d", len(vectors), len(vectorInputs))
	}
	for _, v := range vectors {
		object := straightLine(t, v)
		sum := sha256.Sum256(object)
		if len(object) != v.ObjectLength || hex.EncodeToString(sum[:]) != v.ObjectSHA256 || v.Object != "" && v.Object != hex.EncodeToString(object) {
			t.Errorf("%s: the specification makes another object", v.Comment)
		}
		ctx := Context{VaultID: [32]byte(unhex(t, v.VaultID)), Kind: Kind(v.Kind), Epoch: [16]byte(unhex(t, v.Epoch)), Name: v.Name}
		got, err := Open(object, secret.FromBytes(unhex(t, v.Key)), ctx)
		if err != nil || !bytes.Equal(got, vectorPlaintext(v.PlaintextLength)) {
			t.Errorf("%s: %v, or another plaintext", v.Comment, err)
		}
	}
}

// straightLine makes the object again as crypto/SPEC.md says, sharing nothing
// with the package: HKDF written out as HMACs, GCM with given nonces, numbers
// instead of names.
func straightLine(t *testing.T, v vector) []byte {
	t.Helper()
	sum := func(parts ...[]byte) []byte { h := sha256.Sum256(bytes.Join(parts, nil)); return h[:] }
	mac := func(key []byte, parts ...[]byte) []byte {
		m := hmac.New(sha512.New, key)
		m.Write(bytes.Join(parts, nil))
		return m.Sum(nil)
	}
	u16 := func(n int) []byte { return binary.BigEndian.AppendUint16(nil, uint16(n)) }
	u64 := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }

	header := bytes.Join([][]byte{[]byte("phvault\x00"), {1, 1}, u16(int(v.Kind)), {0, 0, 0, 0}}, nil)
	info := sum([]byte("phivault/seal/v1"), header, unhex(t, v.VaultID), u16(int(v.Kind)), unhex(t, v.Epoch), u16(len(v.Name)), []byte(v.Name))
	prk := mac(unhex(t, v.Salt), unhex(t, v.Key))
	okm := mac(prk, info, []byte{1}) // 64 bytes: one block of HMAC-SHA-512
	if hex.EncodeToString(okm[32:]) != v.Commitment {
		t.Errorf("%s: another commitment", v.Comment)
	}
	object := bytes.Join([][]byte{header, unhex(t, v.Salt), okm[32:]}, nil)

	plain := vectorPlaintext(v.PlaintextLength)
	chunks := len(v.Nonces)
	plain = append(plain, make([]byte, v.ObjectLength-80-28*chunks-8-len(plain))...)
	plain = append(plain, u64(v.PlaintextLength)...)
	block, err := aes.NewCipher(okm[:32])
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	prefix := sum(object)
	for i, nonce := range v.Nonces {
		n, final := min(65536, len(plain)), byte(0)
		if i == chunks-1 {
			final = 1
		}
		object = append(object, unhex(t, nonce)...)
		object = gcm.Seal(object, unhex(t, nonce), plain[:n], bytes.Join([][]byte{prefix, u64(i), {final}}, nil))
		plain = plain[n:]
	}
	return object
}

var vectorInputs = []struct {
	comment string
	length  int
	padding Padding
	ctx     Context
}{
	{"empty, context of zeros", 0, Exact, Context{Kind: KindKeyFile}},
	{"short", 100, Exact, testContext},
	{"padded to 4 KiB", 100, Buckets, testContext},
	{"one full chunk", ChunkSize - 8, Exact, testContext},
	{"length split over two chunks", ChunkSize - 4, Exact, testContext},
	{"three chunks, padded to 256 KiB", 150_000, Buckets, testContext},
	{"Padmé", 5_000_000, Buckets, testContext},
}

func writeVectors(t *testing.T) {
	cryptotest.SetGlobalRandom(t, 1)
	var vectors []vector
	for _, in := range vectorInputs {
		key := secret.Random(KeySize)
		object := mustSeal(t, vectorPlaintext(in.length), key, in.ctx, in.padding)
		sum := sha256.Sum256(object)
		v := vector{
			Comment: in.comment, Key: hex.EncodeToString(key.Bytes()),
			VaultID: hex.EncodeToString(in.ctx.VaultID[:]), Kind: uint16(in.ctx.Kind), Epoch: hex.EncodeToString(in.ctx.Epoch[:]),
			Name: in.ctx.Name, Padding: in.padding.String(), PlaintextLength: in.length,
			Salt: hex.EncodeToString(object[16:48]), Commitment: hex.EncodeToString(object[48:80]),
			ObjectLength: len(object), ObjectSHA256: hex.EncodeToString(sum[:]),
		}
		for rest := object[80:]; len(rest) > 0; rest = rest[min(len(rest), 65564):] {
			v.Nonces = append(v.Nonces, hex.EncodeToString(rest[:12]))
		}
		if len(object) <= 5000 {
			v.Object = hex.EncodeToString(object)
		}
		vectors = append(vectors, v)
	}
	out, err := json.MarshalIndent(vectors, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(vectorFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(vectorFile, append(out, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

func vectorPlaintext(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
