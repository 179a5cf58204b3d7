package codec

import (
	"bytes"
	"io"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestAReopenerReadsAnywhere(t *testing.T) {
	data := make([]byte, 3*tailSize+17)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(data)
	for _, size := range []int{0, 5, tailSize, len(data)} {
		rapid.Check(t, func(t *rapid.T) {
			opened := 0
			r := &reopener{open: func() (io.ReadCloser, error) { opened++; return io.NopCloser(bytes.NewReader(data[:size])), nil }}
			defer r.close()
			if n, err := r.measure(); err != nil || n != int64(size) {
				t.Fatal(n, err)
			}
			want := bytes.NewReader(data[:size])
			for range 6 {
				off := rapid.Int64Range(0, int64(size)+10).Draw(t, "offset")
				a, b := make([]byte, rapid.IntRange(0, 2*tailSize).Draw(t, "length")), []byte(nil)
				b = make([]byte, len(a))
				n, err := r.ReadAt(a, off)
				m, wantErr := want.ReadAt(b, off)
				if n != m || !bytes.Equal(a[:n], b[:m]) || len(a) > 0 && (err == nil) != (wantErr == nil) {
					t.Fatalf("at %d: %d bytes and %v, want %d and %v", off, n, err, m, wantErr)
				}
			}
		})
	}
}
