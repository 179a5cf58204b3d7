package seal

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"phivault/crypto/secret"
)

// Writer seals what is written to it. Only Close completes the object: one
// that was not closed never opens.
type Writer struct {
	w       io.Writer
	keys    schedule
	aad     chunkAAD
	padding Padding

	plain  []byte // at most ChunkSize bytes, sealed once more follow
	sealed []byte // scratch
	index  uint64
	length int64 // plaintext bytes so far
	err    error // sticky
}

var _ io.WriteCloser = (*Writer)(nil)

// NewWriter starts an object on w. The key has KeySize bytes and may be
// destroyed once NewWriter has returned. Errors of w come back as they are.
func NewWriter(w io.Writer, key *secret.Bytes, ctx Context, p Padding) (*Writer, error) {
	if err := ctx.check(); err != nil {
		return nil, err
	}
	if p != Exact && p != Buckets {
		return nil, fmt.Errorf("seal: unknown %v", p)
	}
	prefix := make([]byte, prefixSize)
	h := header(ctx.Kind)
	copy(prefix, h[:])
	salt := prefix[headerSize : headerSize+saltSize]
	rand.Read(salt)
	s, err := derive(key, salt, ctx)
	if err != nil {
		return nil, err
	}
	copy(prefix[headerSize+saltSize:], s.commitment[:])
	if _, err := w.Write(prefix); err != nil {
		return nil, err
	}
	return &Writer{
		w:       w,
		keys:    s,
		aad:     newAAD(prefix),
		padding: p,
		plain:   make([]byte, 0, ChunkSize),
		sealed:  make([]byte, 0, ChunkSize+chunkOverhead),
	}, nil
}

// Write takes plaintext; it keeps no reference to b.
func (w *Writer) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	if int64(len(b)) > MaxPlaintext-w.length {
		w.err = errTooLong
		return 0, w.err
	}
	n, err := w.put(b)
	w.length += int64(n)
	return n, err
}

// put buffers b. A full buffer goes out only when more follows, because the
// last chunk of an object is final even when it is full.
func (w *Writer) put(b []byte) (n int, err error) {
	for len(b) > 0 {
		if len(w.plain) == ChunkSize {
			if err := w.flush(false); err != nil {
				return n, err
			}
		}
		room := min(ChunkSize-len(w.plain), len(b))
		w.plain = append(w.plain, b[:room]...)
		b = b[room:]
		n += room
	}
	return n, nil
}

func (w *Writer) flush(final bool) error {
	w.sealed = w.keys.aead.Seal(w.sealed[:0], nil, w.plain, w.aad.at(w.index, final))
	w.index++
	w.plain = w.plain[:0]
	if _, err := w.w.Write(w.sealed); err != nil {
		w.err = err
	}
	return w.err
}

var errClosed = errors.New("seal: write after close")

// Close pads, writes the last chunk and wipes the buffers. It does not close
// the underlying writer. After an error it returns that error, and the object
// is worthless.
func (w *Writer) Close() error {
	if w.err != nil {
		if errors.Is(w.err, errClosed) {
			return nil
		}
		secret.Wipe(w.plain[:cap(w.plain)])
		return w.err
	}
	defer secret.Wipe(w.plain[:cap(w.plain)])
	var zeros [4096]byte
	for fill := padded(w.length, w.padding) - w.length - trailerSize; fill > 0; {
		n, err := w.put(zeros[:min(fill, int64(len(zeros)))])
		if err != nil {
			return err
		}
		fill -= int64(n)
	}
	trailer := binary.BigEndian.AppendUint64(nil, uint64(w.length))
	if _, err := w.put(trailer); err != nil {
		return err
	}
	if err := w.flush(true); err != nil {
		return err
	}
	w.err = errClosed
	return nil
}
