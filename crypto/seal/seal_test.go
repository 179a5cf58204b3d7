package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"phivault/crypto/secret"
)

var testContext = Context{VaultID: [32]byte{1, 2, 3}, Kind: KindSegment, Epoch: [16]byte{4, 5}, Name: "v1/name"}

// lengths lie around every boundary of chunk, trailer and bucket.
var lengths = []int{
	0, 1, 7, 8, 9, 3979, 3980, 3981, ChunkSize - 9, ChunkSize - 8, ChunkSize - 7, ChunkSize - 1, ChunkSize, ChunkSize + 1,
	2*ChunkSize - 8, 2*ChunkSize - 4, 2 * ChunkSize, 2*ChunkSize + 1, 5*ChunkSize - 3,
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7+i>>8) | 1
	}
	return b
}

func mustSeal(t testing.TB, plain []byte, key *secret.Bytes, ctx Context, p Padding) []byte {
	t.Helper()
	object, err := Seal(plain, key, ctx, p)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// refused asserts the one answer to everything that must not open.
func refused(t testing.TB, object []byte, key *secret.Bytes, ctx Context, format string, args ...any) {
	t.Helper()
	plain, err := Open(object, key, ctx)
	if err != ErrOpen || plain != nil {
		t.Fatalf(format+": %d bytes, %v", append(args, len(plain), err)...)
	}
}

func TestWhatIsSealedOpens(t *testing.T) {
	key := secret.Random(KeySize)
	for _, p := range []Padding{Exact, Buckets} {
		for _, n := range lengths {
			for name, plain := range map[string][]byte{
				"data":           pattern(n),
				"zeros":          make([]byte, n),
				"data and zeros": append(pattern(n/2), make([]byte, n-n/2)...),
				"zeros and data": append(make([]byte, n/2), pattern(n-n/2)...),
			} {
				object := mustSeal(t, plain, key, testContext, p)
				if int64(len(object)) != Size(int64(n), p) {
					t.Errorf("%v, %d bytes: object of %d, Size says %d", p, n, len(object), Size(int64(n), p))
				}
				got, err := Open(object, key, testContext)
				if err != nil || !bytes.Equal(got, plain) {
					t.Errorf("%v, %d bytes of %s: %v, or others came back", p, n, name, err)
				}
			}
		}
	}
}

func TestRoundTripInAnyPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := secret.FromBytes(rapid.SliceOfN(rapid.Byte(), KeySize, KeySize).Draw(t, "key"))
		defer key.Destroy()
		ctx := Context{
			VaultID: [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "vault")),
			Kind:    Kind(rapid.Uint16Min(1).Draw(t, "kind")),
			Epoch:   [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "epoch")),
			Name:    rapid.String().Draw(t, "name"),
		}
		padding := rapid.SampledFrom([]Padding{Exact, Buckets}).Draw(t, "padding")
		var plain []byte
		for range rapid.IntRange(0, 6).Draw(t, "runs") {
			n := rapid.IntRange(0, 40_000).Draw(t, "n")
			plain = append(plain, bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, n)...)
		}
		var object bytes.Buffer
		w, err := NewWriter(&object, key, ctx, padding)
		if err != nil {
			t.Fatal(err)
		}
		for rest := plain; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "write")
			if _, err := w.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(iotest.HalfReader(&object), key, ctx)
		if err != nil {
			t.Fatal(err)
		}
		piece := make([]byte, rapid.IntRange(1, 100_000).Draw(t, "read"))
		var got []byte
		for {
			n, err := r.Read(piece)
			got = append(got, piece[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, plain) {
			t.Fatalf("%d bytes in, %d others out", len(plain), len(got))
		}
	})
}

func TestTheSamePlaintextTwiceIsUnrelated(t *testing.T) {
	key, plain := secret.Random(KeySize), pattern(1000)
	a, b := mustSeal(t, plain, key, testContext, Exact), mustSeal(t, plain, key, testContext, Exact)
	equal := 0
	for i := headerSize; i < len(a); i++ {
		if a[i] == b[i] {
			equal++
		}
	}
	if equal > 40 { // 4.3 expected
		t.Errorf("%d of %d bytes are equal", equal, len(a))
	}
}

func TestReaderReleasesOnlyVerifiedChunks(t *testing.T) {
	key, plain := secret.Random(KeySize), pattern(4*ChunkSize)
	object := mustSeal(t, plain, key, testContext, Exact)
	const chunk = ChunkSize + chunkOverhead
	for bad := range 4 {
		damaged := bytes.Clone(object)
		damaged[prefixSize+bad*chunk+1000] ^= 1
		r, err := NewReader(bytes.NewReader(damaged), key, testContext)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != ErrOpen {
			t.Errorf("chunk %d damaged: %v", bad, err)
		}
		if len(got) > bad*ChunkSize || !bytes.Equal(got, plain[:len(got)]) {
			t.Errorf("chunk %d damaged: %d bytes released", bad, len(got))
		}
		if again, err := r.Read(make([]byte, 1)); again != 0 || err != ErrOpen {
			t.Errorf("the error does not stay: %d, %v", again, err)
		}
	}
}

func TestReaderWipesItsBuffer(t *testing.T) {
	key := secret.Random(KeySize)
	for _, whole := range []bool{true, false} {
		r, err := NewReader(bytes.NewReader(mustSeal(t, pattern(100_000), key, testContext, Exact)), key, testContext)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, r, 10); err != nil {
			t.Fatal(err)
		}
		if whole {
			if _, err := io.Copy(io.Discard, r); err != nil {
				t.Fatal(err)
			}
		} else if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		buffer := r.plain[:cap(r.plain)]
		if !bytes.Equal(buffer, make([]byte, len(buffer))) {
			t.Errorf("read to the end %v: plaintext stays in the buffer", whole)
		}
		if !whole {
			if _, err := r.Read(make([]byte, 1)); err == nil || err == io.EOF {
				t.Errorf("read after close: %v", err)
			}
		}
	}
}

func TestErrorsOfTheSystemAreNotHidden(t *testing.T) {
	key, boom := secret.Random(KeySize), errors.New("boom")
	object := mustSeal(t, pattern(3*ChunkSize), key, testContext, Exact)
	for _, n := range []int{0, 40, prefixSize, prefixSize + 10, len(object)} {
		r, err := NewReader(io.MultiReader(bytes.NewReader(object[:n]), iotest.ErrReader(boom)), key, testContext)
		if err == nil {
			_, err = io.ReadAll(r)
		}
		if err != boom {
			t.Errorf("failing after %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{0, prefixSize, prefixSize + ChunkSize, len(object) - 1} {
		w, err := NewWriter(&failing{n, boom}, key, testContext, Exact)
		if err == nil {
			_, err = w.Write(pattern(3 * ChunkSize))
			err = errors.Join(err, w.Close())
		}
		if !errors.Is(err, boom) {
			t.Errorf("failing after %d bytes: %v", n, err)
		}
	}
}

type failing struct {
	room int
	err  error
}

func (f *failing) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, f.err
	}
	return len(b), nil
}

func TestMisuseIsRefused(t *testing.T) {
	key := secret.Random(KeySize)
	for name, try := range map[string]func() error{
		"no kind": func() error { _, err := Seal(nil, key, Context{}, Exact); return err },
		"long name": func() error {
			_, err := Seal(nil, key, Context{Kind: 1, Name: string(make([]byte, 65536))}, Exact)
			return err
		},
		"no padding": func() error { _, err := Seal(nil, key, testContext, 7); return err },
		"short key":  func() error { _, err := Seal(nil, secret.New(16), testContext, Exact); return err },
		"absent key": func() error { _, err := Seal(nil, nil, testContext, Exact); return err },
		"open, key":  func() error { _, err := Open(mustSeal(t, nil, key, testContext, Exact), nil, testContext); return err },
		"open, kind": func() error { _, err := Open(nil, key, Context{}); return err },
		"after close": func() error {
			w, _ := NewWriter(io.Discard, key, testContext, Exact)
			_ = w.Close()
			_, err := w.Write([]byte{1})
			return err
		},
	} {
		if err := try(); err == nil || err == ErrOpen {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	key := secret.FromBytes(bytes.Repeat([]byte{9}, KeySize))
	for _, n := range []int{0, 100, ChunkSize + 5} {
		f.Add(mustSeal(f, pattern(n), key, testContext, Exact))
	}
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, object []byte) {
		plain, err := Open(object, key, testContext)
		if err != nil {
			if err != ErrOpen || plain != nil {
				t.Fatalf("%d bytes, %v", len(plain), err)
			}
			return
		}
		if Size(int64(len(plain)), Exact) > int64(len(object)) {
			t.Fatal("more came out than went in")
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	key := secret.Random(KeySize)
	for _, n := range []int{2000, 1 << 20, 16 << 20} {
		plain := pattern(n)
		object := mustSeal(b, plain, key, testContext, Exact)
		b.Run(fmt.Sprintf("seal/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				mustSeal(b, plain, key, testContext, Exact)
			}
		})
		b.Run(fmt.Sprintf("open/%d", n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				if _, err := Open(object, key, testContext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
