package seal

import (
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"io"

	"phivault/crypto/secret"
)

// Reader opens an object. Every byte it returns belongs to a chunk that
// verified; io.EOF means that the whole object did. Until io.EOF the bytes may
// be the verified beginning of an object that was cut short, so nothing may be
// made final (renamed into place, committed) before it.
type Reader struct {
	r    io.Reader
	keys schedule
	aad  chunkAAD

	// sealed holds one chunk and the byte after it, which tells whether the
	// chunk is the last.
	sealed []byte
	ahead  int
	// plain is tail ‖ chunk: the last trailerSize bytes are held back, as they
	// are the length if no chunk follows.
	plain []byte
	tail  int
	index uint64

	ready    []byte // of plain: verified, to be returned after zeros
	zeros    uint64 // verified zeros to be returned before ready
	held     uint64 // verified zeros that may be padding; after the last chunk those that are not
	released uint64 // bytes put into zeros and ready so far
	final    bool   // the last chunk verified
	err      error  // sticky
}

var _ io.ReadCloser = (*Reader)(nil)

// NewReader reads the object's beginning from r and checks header and key
// commitment; ErrOpen if they are not what key and ctx call for. Errors of r
// other than an early end come back as they are.
func NewReader(r io.Reader, key *secret.Bytes, ctx Context) (*Reader, error) {
	if err := ctx.check(); err != nil {
		return nil, err
	}
	prefix := make([]byte, prefixSize)
	if _, err := io.ReadFull(r, prefix); err != nil {
		return nil, early(err)
	}
	if h := header(ctx.Kind); string(prefix[:headerSize]) != string(h[:]) {
		return nil, ErrOpen
	}
	s, err := derive(key, prefix[headerSize:headerSize+saltSize], ctx)
	if err != nil {
		return nil, err
	}
	// Before any AEAD call: GCM does not commit to its key, so a chunk that
	// verifies proves less than it seems to (Albertini et al., USENIX Security 2022).
	if subtle.ConstantTimeCompare(s.commitment[:], prefix[headerSize+saltSize:]) != 1 {
		return nil, ErrOpen
	}
	return &Reader{
		r:      r,
		keys:   s,
		aad:    newAAD(prefix),
		sealed: make([]byte, ChunkSize+chunkOverhead+1),
		plain:  make([]byte, 0, trailerSize+ChunkSize),
	}, nil
}

// early turns an end of input into ErrOpen and leaves other errors alone.
func early(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrOpen
	}
	return err
}

// Read returns verified plaintext.
func (r *Reader) Read(b []byte) (n int, err error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		switch {
		case r.zeros > 0:
			n = int(min(r.zeros, uint64(len(b))))
			clear(b[:n])
			r.zeros -= uint64(n)
			return n, nil
		case len(r.ready) > 0:
			n = copy(b, r.ready)
			r.ready = r.ready[n:]
			return n, nil
		case r.err != nil:
			return 0, r.err
		case r.final && r.held > 0:
			r.zeros, r.held = r.held, 0
		case r.final:
			r.fail(io.EOF)
		default:
			if err := r.next(); err != nil {
				r.fail(err)
			}
		}
	}
}

// Close wipes the buffers. It is for readers that are left before io.EOF; it
// does not close the underlying reader.
func (r *Reader) Close() error {
	if r.err == nil {
		r.fail(errors.New("seal: read after close"))
	}
	return nil
}

func (r *Reader) fail(err error) {
	r.err = err
	r.zeros, r.ready = 0, nil
	secret.Wipe(r.plain[:cap(r.plain)])
}

// next verifies one chunk.
func (r *Reader) next() error {
	n, err := io.ReadFull(r.r, r.sealed[r.ahead:])
	n += r.ahead
	last := false
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		last = true
	case err != nil:
		return err
	default:
		n--
	}
	if n <= chunkOverhead || r.index >= maxChunks {
		return ErrOpen // no chunk at all, or an empty one
	}
	r.plain = append(r.plain[:0], r.plain[len(r.plain)-r.tail:]...)
	plain, err := r.keys.aead.Open(r.plain, nil, r.sealed[:n], r.aad.at(r.index, last))
	if err != nil {
		return ErrOpen
	}
	r.plain = plain
	r.index++
	if !last {
		r.sealed[0], r.ahead = r.sealed[n], 1
	}
	if len(r.plain) < trailerSize {
		return ErrOpen
	}
	r.tail = trailerSize
	r.release(r.plain[:len(r.plain)-trailerSize])
	if !last {
		return nil
	}
	return r.finish(binary.BigEndian.Uint64(r.plain[len(r.plain)-trailerSize:]))
}

// release makes verified bytes available. Zeros at their end may be padding,
// which can be longer than any buffer, so they are counted, not kept.
func (r *Reader) release(b []byte) {
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	trailing := uint64(len(b) - end)
	if end == 0 {
		r.held += trailing
		return
	}
	r.zeros, r.ready = r.held, b[:end]
	r.released += r.held + uint64(end)
	r.held = trailing
}

// finish checks the true length: what was released, and possibly some of the
// zeros still held. The rest of them is padding. Anything else after the true
// length than zeros makes released too large.
func (r *Reader) finish(length uint64) error {
	if length < r.released || length-r.released > r.held {
		return ErrOpen
	}
	r.final = true
	r.held = length - r.released
	return nil
}
