package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"phivault/crypto/seal/sealtest"
	"phivault/crypto/secret"
)

const chunkStride = ChunkSize + chunkOverhead

// Attack 8. Expected: one error for each bit. Seen to tell a commitment that fails from a
// tag with an error of its own for it.
func TestAttack08EveryFlippedBitIsTheSameRefusal(t *testing.T) {
	key := secret.Random(KeySize)
	object := mustSeal(t, pattern(200), key, testContext, Exact)
	for bit := range len(object) * 8 { // header, salt, commitment, nonce, body, tag
		object[bit/8] ^= 1 << (bit % 8)
		refused(t, object, key, testContext, "bit %d flipped", bit)
		object[bit/8] ^= 1 << (bit % 8)
	}
	if _, err := Open(object, key, testContext); err != nil {
		t.Fatal("the test damaged its own object")
	}
}

func TestEveryFlippedByteOfAChunkedObjectIsRefused(t *testing.T) {
	key := secret.Random(KeySize)
	object := mustSeal(t, pattern(2*ChunkSize+100), key, testContext, Exact)
	for at := prefixSize; at < len(object); at += 997 {
		object[at] ^= 0x80
		refused(t, object, key, testContext, "byte %d changed", at)
		object[at] ^= 0x80
	}
}

func TestAnotherContextDoesNotOpen(t *testing.T) {
	key := secret.Random(KeySize)
	object := mustSeal(t, pattern(200), key, testContext, Exact)
	change := map[string]func(*Context){
		"vault":      func(c *Context) { c.VaultID[31] ^= 1 },
		"kind":       func(c *Context) { c.Kind = KindBlob },
		"epoch":      func(c *Context) { c.Epoch[15] ^= 1 },
		"name":       func(c *Context) { c.Name = "v1/other" },
		"name end":   func(c *Context) { c.Name += "\x00" },
		"name start": func(c *Context) { c.Name = c.Name[1:] },
		"no name":    func(c *Context) { c.Name = "" },
		"no vault":   func(c *Context) { c.VaultID = [32]byte{} },
	}
	for name, f := range change {
		ctx := testContext
		f(&ctx)
		refused(t, object, key, ctx, "%s", name)
		// The kind in the header is not what separates kinds: with the header
		// rewritten to match, the derived key still differs.
		forged := bytes.Clone(object)
		h := header(ctx.Kind)
		copy(forged, h[:])
		refused(t, forged, key, ctx, "%s, header rewritten", name)
	}
	refused(t, object, secret.Random(KeySize), testContext, "another key")
}

// Attack 7. Other versions and suites: in an honest object's header, and by who holds
// the key and derives all from the header that it writes. Expected: closed. Seen to open
// with NewReader deriving from the header that it read and not comparing it.
func TestAttack07OtherVersionsAndSuitesFailClosed(t *testing.T) {
	key := secret.Random(KeySize)
	object := mustSeal(t, pattern(10), key, testContext, Exact)
	for _, at := range []int{8, 9} {
		for _, v := range []byte{0, 2, 255} {
			forged := bytes.Clone(object)
			forged[at] = v
			refused(t, forged, key, testContext, "byte %d is %d", at, v)
			h := header(testContext.Kind)
			h[at] = v
			info := sealtest.Info(h, testContext.VaultID, testContext.Epoch, testContext.Name)
			refused(t, sealtest.Object(h, key.Bytes(), info, pattern(10), 4096), key, testContext, "byte %d is %d, and all follows it", at, v)
		}
	}
	h := header(testContext.Kind)
	good := sealtest.Object(h, key.Bytes(), sealtest.Info(h, testContext.VaultID, testContext.Epoch, testContext.Name), pattern(10), 4096)
	if got, err := Open(good, key, testContext); err != nil || !bytes.Equal(got, pattern(10)) {
		t.Errorf("the attacker cannot write a good object: %v", err)
	}
}

// Attacks 14 and 15. Chunks swapped, doubled, dropped, spliced, cut off and appended.
// Expected: no such object opens. Seen to open with, each alone, index and final left out
// of a chunk's AAD.
func TestAttack14And15ChunksCannotBeRearranged(t *testing.T) {
	key := secret.Random(KeySize)
	object := mustSeal(t, pattern(3*ChunkSize+100), key, testContext, Exact)
	older := mustSeal(t, pattern(3*ChunkSize+100), key, testContext, Exact)
	prefix := object[:prefixSize]
	chunk := func(o []byte, i int) []byte {
		return o[prefixSize+i*chunkStride : min(len(o), prefixSize+(i+1)*chunkStride)]
	}
	build := func(chunks ...[]byte) []byte { return append(bytes.Clone(prefix), bytes.Join(chunks, nil)...) }
	c := [][]byte{chunk(object, 0), chunk(object, 1), chunk(object, 2), chunk(object, 3)}
	if _, err := Open(build(c...), key, testContext); err != nil {
		t.Fatal("the test cuts wrongly")
	}
	for name, forged := range map[string][]byte{
		"swapped":               build(c[1], c[0], c[2], c[3]),
		"last two swapped":      build(c[0], c[1], c[3], c[2]),
		"duplicated":            build(c[0], c[0], c[1], c[2], c[3]),
		"last duplicated":       build(c[0], c[1], c[2], c[3], c[3]),
		"first dropped":         build(c[1], c[2], c[3]),
		"middle dropped":        build(c[0], c[2], c[3]),
		"only the last":         build(c[3]),
		"spliced":               build(c[0], chunk(older, 1), c[2], c[3]),
		"spliced last":          build(c[0], c[1], c[2], chunk(older, 3)),
		"prefix of older":       append(bytes.Clone(older[:prefixSize]), object[prefixSize:]...),
		"salt of older":         append(append(bytes.Clone(object[:headerSize]), older[headerSize:headerSize+saltSize]...), object[headerSize+saltSize:]...),
		"last one first chunk":  build(c[0]),
		"no chunk":              build(),
		"whole object appended": append(bytes.Clone(object), older...),
		"chunk appended":        build(c[0], c[1], c[2], c[3], chunk(older, 3)),
		"byte appended":         append(bytes.Clone(object), 0),
		"empty":                 nil,
	} {
		refused(t, forged, key, testContext, "%s", name)
	}
	// Content that looks like the end of an object where a chunk ends.
	tempting := pattern(2*ChunkSize + 100)
	binary.BigEndian.PutUint64(tempting[ChunkSize-trailerSize:], ChunkSize-trailerSize)
	cut := mustSeal(t, tempting, key, testContext, Exact)[:prefixSize+chunkStride]
	refused(t, cut, key, testContext, "cut where the content looks like an end")
}

func TestTruncationAnywhereIsRefused(t *testing.T) {
	key := secret.Random(KeySize)
	small := mustSeal(t, pattern(100), key, testContext, Exact)
	for n := range small {
		refused(t, small[:n], key, testContext, "cut to %d", n)
	}
	large := mustSeal(t, pattern(3*ChunkSize), key, testContext, Exact)
	for i := range 4 {
		for _, d := range []int{-1, 0, 1, chunkOverhead - 1, chunkOverhead, chunkOverhead + 1} {
			if n := prefixSize + i*chunkStride + d; n < len(large) {
				refused(t, large[:n], key, testContext, "cut to %d", n)
			}
		}
	}
}

// forge seals chunks as given: what a removed device that holds the real key
// can make, rules or not.
func forge(t *testing.T, key *secret.Bytes, final []bool, chunks ...[]byte) []byte {
	t.Helper()
	return forgeWith(t, key, func([]byte) {}, final, chunks...)
}

// forgeWith also lets spoil change what stands before the chunks, which are then
// sealed to fit it.
func forgeWith(t *testing.T, key *secret.Bytes, spoil func(prefix []byte), final []bool, chunks ...[]byte) []byte {
	t.Helper()
	prefix := make([]byte, prefixSize)
	h := header(testContext.Kind)
	copy(prefix, h[:])
	s, err := derive(key, prefix[headerSize:headerSize+saltSize], testContext)
	if err != nil {
		t.Fatal(err)
	}
	copy(prefix[headerSize+saltSize:], s.commitment[:])
	spoil(prefix)
	aad, object := newAAD(prefix), bytes.Clone(prefix)
	for i, c := range chunks {
		object = s.aead.Seal(object, nil, c, aad.at(uint64(i), final[i]))
	}
	return object
}

func TestMalformedObjectsUnderTheRightKeyAreRefused(t *testing.T) {
	key := secret.Random(KeySize)
	trailer := func(n byte) []byte { return []byte{0, 0, 0, 0, 0, 0, 0, n} }
	full := make([]byte, ChunkSize)
	padded := func(b []byte, zeros int, n byte) []byte {
		return append(append(bytes.Clone(b), make([]byte, zeros)...), trailer(n)...)
	}
	good := forge(t, key, []bool{true}, padded([]byte("abc"), 100, 3))
	if b, err := Open(good, key, testContext); err != nil || string(b) != "abc" {
		t.Fatalf("the forger cannot write a good object: %q, %v", b, err)
	}
	for name, object := range map[string][]byte{
		"length too large":        forge(t, key, []bool{true}, padded([]byte("abc"), 0, 4)),
		"length far too large":    forge(t, key, []bool{true}, bytes.Repeat([]byte{0xff}, 100)),
		"length cuts data off":    forge(t, key, []bool{true}, padded([]byte("abc"), 0, 2)),
		"padding is not zero":     forge(t, key, []bool{true}, padded([]byte("abc\x00\x00\x01"), 10, 3)),
		"no room for the length":  forge(t, key, []bool{true}, []byte("1234567")),
		"empty only chunk":        forge(t, key, []bool{true}, nil),
		"empty last chunk":        forge(t, key, []bool{false, true}, full, nil),
		"full chunk not final":    forge(t, key, []bool{false}, padded(nil, ChunkSize-8, 0)),
		"short chunk not last":    forge(t, key, []bool{false, true}, []byte("abc"), trailer(3)),
		"two final chunks":        forge(t, key, []bool{true, true}, full, trailer(0)),
		"final flag on the first": forge(t, key, []bool{true, false}, full, trailer(0)),
	} {
		refused(t, object, key, testContext, "%s", name)
	}
}

// Here every chunk verifies and the plaintext is well formed, so that the checks
// of header and commitment alone are left to refuse.
func TestHeaderAndCommitmentAreCheckedForThemselves(t *testing.T) {
	key := secret.Random(KeySize)
	plain := append([]byte("abc"), 0, 0, 0, 0, 0, 0, 0, 3)
	for at := range prefixSize {
		if at >= headerSize && at < headerSize+saltSize {
			continue // another salt is another key
		}
		object := forgeWith(t, key, func(p []byte) { p[at] ^= 1 }, []bool{true}, plain)
		refused(t, object, key, testContext, "byte %d changed by who holds the key", at)
	}
}

// Attack 38. Expected: sizes only in buckets. Seen to tell the length with padded adding
// nothing.
func TestAttack38SizesTellOnlyTheBucket(t *testing.T) {
	key := secret.Random(KeySize)
	for n, want := range map[int]int{
		0: 4 << 10, 1: 4 << 10, 3980: 4 << 10, 3981: 16 << 10, 16268: 16 << 10, 16269: 64 << 10,
		65420: 64 << 10, 65421: 256 << 10, 262000: 1 << 20, 1 << 20: 4 << 20,
	} {
		if got := len(mustSeal(t, pattern(n), key, testContext, Buckets)); got != want {
			t.Errorf("%d bytes make an object of %d, want %d", n, got, want)
		}
	}
}

func TestPadmeAboveTheBuckets(t *testing.T) {
	// Steps of 2^(e-s): e = floor(log2 length), s = floor(log2 e) + 1.
	for n, want := range map[int64]int64{4 << 20: 4<<20 + 1<<17, 5_000_000: 39 << 17, 100 << 20: 51 << 21, 1 << 30: 1<<30 + 1<<25} {
		if got := Size(n, Buckets); got != want {
			t.Errorf("%d bytes make an object of %d, want %d", n, got, want)
		}
	}
	distinct := map[int64]bool{}
	for n := int64(4 << 20); n < 200<<20; n += 70_001 {
		size, least := Size(n, Buckets), Size(n, Exact)
		if size < least || float64(size) > 1.12*float64(least) {
			t.Fatalf("%d bytes make an object of %d", n, size)
		}
		if bucket(size) != size {
			t.Fatalf("%d is no Padmé length", size)
		}
		if size > Size(n+70_001, Buckets) {
			t.Fatalf("size shrinks at %d", n)
		}
		distinct[size] = true
	}
	if len(distinct) > 180 {
		t.Errorf("%d distinct sizes", len(distinct))
	}
}

func TestAnObjectCanHaveTheLengthOfEveryBucket(t *testing.T) {
	n := 0
	for size := bucket(1); size <= Size(MaxPlaintext, Buckets); size = bucket(size + 1) {
		p := paddedFor(size)
		if objectSize(p) != size || objectSize(p+1) <= size {
			t.Fatalf("bucket %d: %d bytes of plaintext make %d", size, p, objectSize(p))
		}
		n++
	}
	if n < 500 {
		t.Errorf("only %d buckets", n)
	}
}

func TestCapacityIsTheMostThatFits(t *testing.T) {
	for _, size := range append(buckets[:], 115, 116, 117, 5000, prefixSize+chunkStride, prefixSize+chunkStride+1, prefixSize+chunkStride+29) {
		n := Capacity(size)
		if n >= 0 && Size(n, Exact) > size || Size(n+1, Exact) <= size {
			t.Errorf("Capacity(%d) = %d", size, n)
		}
	}
	for _, size := range buckets {
		if got := Size(Capacity(size), Buckets); got != size {
			t.Errorf("a full bucket of %d has %d", size, got)
		}
	}
	for _, size := range []int64{-1, 0, prefixSize, prefixSize + chunkOverhead + trailerSize - 1} {
		if n := Capacity(size); n != -1 {
			t.Errorf("Capacity(%d) = %d", size, n)
		}
	}
}

func TestErrOpenSaysNothing(t *testing.T) {
	if got := fmt.Sprint(ErrOpen); got != "seal: the object does not open" {
		t.Error(got)
	}
}
