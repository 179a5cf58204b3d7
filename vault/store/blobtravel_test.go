package store

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"

	"phivault/crypto/secret"
	"phivault/vault"
)

func keepBlob(t testing.TB, s *Store, content []byte) vault.Hash {
	t.Helper()
	w, err := s.NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	sum, _, err := w.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func packed(t testing.TB, s *Store, sum vault.Hash) []byte {
	t.Helper()
	r, size, err := s.PackBlob(ctx, sum)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(iotest.OneByteReader(r))
	if err != nil || int64(len(b)) != size {
		t.Fatalf("%d bytes, %d announced, %v", len(b), size, err)
	}
	return b
}

// Attachments travel packed, text much smaller, and come back as they were.
func TestAttachmentsTravelPacked(t *testing.T) {
	s := newEncrypted(t)
	text := bytes.Repeat([]byte("2024-03-01T08:00 5.6 mmol/L before breakfast\n"), 8000)
	for name, content := range map[string][]byte{
		"empty": {}, "one byte": {7}, "a chunk": text[:chunkSize], "one more": text[:chunkSize+1], "text": text,
		"noise": secret.Random(3*chunkSize + 5).Bytes(),
	} {
		p := packed(t, s, keepBlob(t, s, content))
		got, err := io.ReadAll(s.UnpackBlob(bytes.NewReader(p)))
		if err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes came back of %d, %v", name, len(got), len(content), err)
		}
		if name == "text" && len(p) > len(content)/5 {
			t.Errorf("%d bytes of text travel as %d", len(content), len(p))
		}
	}
	if _, _, err := s.PackBlob(ctx, vault.Hash{1}); !errors.Is(err, vault.ErrNotFound) {
		t.Errorf("an attachment that is not there: %v", err)
	}
}

// What a member packed wrongly is an error, whatever it expands to.
func TestAnAttachmentThatIsNotPackedRight(t *testing.T) {
	s := newEncrypted(t)
	good := packed(t, s, keepBlob(t, s, bytes.Repeat([]byte("x"), chunkSize+100)))
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	chunk := func(b ...byte) []byte {
		return append([]byte{0, byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
	}
	bomb := enc.EncodeAll(make([]byte, 64<<20), []byte{packZstd})
	var streamed bytes.Buffer // its header does not tell the size
	w, err := zstd.NewWriter(&streamed)
	if err != nil {
		t.Fatal(err)
	}
	for range 64 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	short := chunk(packRaw, 'a')
	for name, b := range map[string][]byte{
		"cut in a chunk":        good[:len(good)-1],
		"cut in a length":       append(bytes.Clone(good), 0, 0),
		"an empty chunk":        chunk(packRaw),
		"no chunk":              chunk(),
		"a huge length":         {0xff, 0xff, 0xff, 0xff, 0},
		"more after the last":   append(bytes.Clone(short), short...),
		"a bomb":                chunk(bomb...),
		"a bomb without size":   chunk(append([]byte{packZstd}, streamed.Bytes()...)...),
		"another packing":       chunk(9, 1, 2),
		"not what it claims":    chunk(packZstd, 1, 2, 3),
		"a chunk over its size": chunk(append([]byte{packRaw}, make([]byte, chunkSize+1)...)...),
	} {
		got, err := io.ReadAll(s.UnpackBlob(bytes.NewReader(b)))
		if !errors.Is(err, vault.ErrIntegrity) || len(got) > 2*chunkSize {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
	line := errors.New("the line was cut")
	if _, err := io.ReadAll(s.UnpackBlob(io.MultiReader(bytes.NewReader(good[:9]), iotest.ErrReader(line)))); !errors.Is(err, line) {
		t.Errorf("the reader's own error became %v", err)
	}
}

func FuzzUnpackBlob(f *testing.F) {
	s := newPlain(f)
	f.Add([]byte{0, 0, 0, 2, packRaw, 'a'})
	f.Add(packed(f, s, keepBlob(f, s, bytes.Repeat([]byte("x"), chunkSize+100))))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := io.ReadAll(s.UnpackBlob(bytes.NewReader(b)))
		if err != nil && !errors.Is(err, vault.ErrIntegrity) {
			t.Fatal(err)
		}
		if len(got) > chunkSize*(len(b)/5+1) {
			t.Fatalf("%d bytes became %d", len(b), len(got))
		}
	})
}
