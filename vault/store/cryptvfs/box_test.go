package cryptvfs

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
)

func testKeyring(t testing.TB) *keyring {
	t.Helper()
	k, err := newKeyring(testKey, testVault, 4096)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(k.destroy)
	return k
}

func TestWhatIsSealedOpensOnlyInItsPlace(t *testing.T) {
	k := testKeyring(t)
	b := newBox(k, testVault)
	where := place{kindFrame, 7, 99}
	plain := bytes.Repeat([]byte{5}, 4064)
	sealed, again := make([]byte, 4096), make([]byte, 4096)
	for _, dst := range [][]byte{sealed, again} {
		if err := b.seal(dst, plain, where); err != nil {
			t.Fatal(err)
		}
	}
	if bytes.Equal(sealed[:nonceSize], again[:nonceSize]) {
		t.Error("the same nonce twice")
	}
	got := make([]byte, len(plain))
	if err := b.open(got, sealed, where); err != nil || !bytes.Equal(got, plain) {
		t.Fatal(err)
	}
	other := newBox(k, [32]byte{9})
	for name, f := range map[string]func() error{
		"kind":       func() error { return b.open(got, sealed, place{kindPage, 7, 99}) },
		"number":     func() error { return b.open(got, sealed, place{kindFrame, 8, 99}) },
		"generation": func() error { return b.open(got, sealed, place{kindFrame, 7, 98}) },
		"vault":      func() error { return other.open(got, sealed, where) },
	} {
		copy(got, plain)
		if err := f(); !errors.Is(err, ErrAuth) {
			t.Errorf("%s: %v", name, err)
		}
		if !allZero(got) {
			t.Errorf("%s: content was released", name)
		}
	}
	for at := range sealed {
		bad := bytes.Clone(sealed)
		bad[at] ^= 0x80
		if err := b.open(got, bad, where); !errors.Is(err, ErrAuth) {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

// TestTheFormatIsTheDocumentedOne opens a page that was sealed once and for all,
// by an implementation made here from FORMAT.md alone.
func TestTheFormatIsTheDocumentedOne(t *testing.T) {
	raw, err := os.ReadFile("testdata/page-3.hex")
	if err != nil {
		t.Fatal(err)
	}
	page, err := hex.DecodeString(strings.Join(strings.Fields(string(raw)), ""))
	if err != nil || len(page) != 4096 {
		t.Fatal(len(page), err)
	}
	mac := func(key []byte, parts ...[]byte) []byte {
		h := hmac.New(sha512.New, key)
		for _, p := range parts {
			h.Write(p)
		}
		return h.Sum(nil)
	}
	nonce, sealed, id := page[:12], page[12:4092], page[4092:]
	prk := mac(testVault[:], testKey)
	key := mac(prk, []byte("phivault/cryptvfs/v1 page key "), []byte{0, 0, 0x10, 0}, id, []byte{1})[:32]
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	aad := append(append([]byte(nil), testVault[:]...), 'P')
	aad = binary.BigEndian.AppendUint64(aad, 2) // page 3
	aad = binary.BigEndian.AppendUint64(aad, 0)
	aad = append(aad, id...)
	want, err := gcm.Open(nil, nonce, sealed, aad)
	if err != nil || !bytes.Equal(want, bytes.Repeat([]byte("abcdefgh"), 508)) {
		t.Fatal(err)
	}
	b := newBox(testKeyring(t), testVault)
	got := make([]byte, 4064)
	if err := b.open(got, page, place{kind: kindPage, number: 2}); err != nil || !bytes.Equal(got, want) {
		t.Fatal(err)
	}
}

func TestAPageKeyIsReplacedInTime(t *testing.T) {
	k := testKeyring(t)
	k.perKey = 3
	k.writing.Load().left.Store(3)
	b := newBox(k, testVault)
	ids := map[keyID]int{}
	var pages [][]byte
	for range 10 {
		sealed := make([]byte, 100+overhead)
		if err := b.seal(sealed, make([]byte, 100), place{}); err != nil {
			t.Fatal(err)
		}
		ids[keyID(sealed[len(sealed)-keyIDSize:])]++
		pages = append(pages, sealed)
	}
	if len(ids) != 4 {
		t.Errorf("%d keys for 10 seals, 3 each", len(ids))
	}
	for id, n := range ids {
		if n > 3 {
			t.Errorf("key %x sealed %d times", id, n)
		}
	}
	reader := newBox(testKeyring(t), testVault)
	for _, p := range pages {
		if err := reader.open(make([]byte, 100), p, place{}); err != nil {
			t.Error(err)
		}
	}
}

func TestInventedKeyIDsPushOutNoKey(t *testing.T) {
	k := testKeyring(t)
	b := newBox(k, testVault)
	sealed := make([]byte, 100+overhead)
	if err := b.seal(sealed, make([]byte, 100), place{}); err != nil {
		t.Fatal(err)
	}
	for i := range uint32(3 * openKeys) {
		binary.BigEndian.PutUint32(sealed[100+overhead-keyIDSize:], i)
		if err := b.open(make([]byte, 100), sealed, place{}); err == nil {
			t.Fatal("opened under another key")
		}
	}
	if n := len(k.known); n != 1 {
		t.Errorf("%d keys remembered", n)
	}
	for i := range uint32(2 * openKeys) {
		p, err := k.derive(keyID(binary.BigEndian.AppendUint32(nil, i)))
		if err != nil {
			t.Fatal(err)
		}
		k.keep(p)
	}
	if n := len(k.known); n != openKeys {
		t.Errorf("%d keys remembered, at most %d", n, openKeys)
	}
}

func TestADestroyedKeyringSealsAndOpensNothing(t *testing.T) {
	k := testKeyring(t)
	b := newBox(k, testVault)
	sealed := make([]byte, 100+overhead)
	if err := b.seal(sealed, make([]byte, 100), place{}); err != nil {
		t.Fatal(err)
	}
	k.destroy()
	if err := b.seal(sealed, make([]byte, 100), place{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	fresh := newBox(k, testVault)
	if err := fresh.open(make([]byte, 100), sealed, place{}); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
