package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/store/internal/frames"
)

// A put's payload, version 1: u8 1 · u16 length of source · source · u16 count
// of cuts · cuts (u64 offset, u64 size, 32 bytes SHA-256) · the resource's JSON
// up to the end. Numbers are big-endian.
const payloadV1 = 1

func encodePayload(source string, r *vault.Resource) ([]byte, error) {
	if len(source) > 0xffff || len(r.Cuts) > 0xffff {
		return nil, fmt.Errorf("%w: a source's name or the number of attachments", vault.ErrLimit)
	}
	b := make([]byte, 0, 5+len(source)+48*len(r.Cuts)+len(r.JSON))
	b = append(b, payloadV1)
	b = binary.BigEndian.AppendUint16(b, uint16(len(source)))
	b = append(b, source...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(r.Cuts)))
	for _, c := range r.Cuts {
		b = binary.BigEndian.AppendUint64(b, uint64(c.Offset))
		b = binary.BigEndian.AppendUint64(b, uint64(c.Size))
		b = append(b, c.SHA256[:]...)
	}
	return append(b, r.JSON...), nil
}

var errPayload = fmt.Errorf("%w: a payload is malformed", vault.ErrIntegrity)

// decodePayload gives the parts of a put's payload; json lies within b.
func decodePayload(b []byte) (source string, cuts []vault.Cut, json []byte, err error) {
	take := func(n int) (p []byte) {
		if len(b) < n {
			err = errPayload
			return make([]byte, n)
		}
		p, b = b[:n], b[n:]
		return p
	}
	if take(1)[0] != payloadV1 {
		return "", nil, nil, errPayload
	}
	source = string(take(int(binary.BigEndian.Uint16(take(2)))))
	n := int(binary.BigEndian.Uint16(take(2)))
	if n*48 > len(b) {
		return "", nil, nil, errPayload
	}
	for range n {
		var c vault.Cut
		c.Offset, c.Size = int64(binary.BigEndian.Uint64(take(8))), int64(binary.BigEndian.Uint64(take(8)))
		copy(c.SHA256[:], take(32))
		cuts = append(cuts, c)
	}
	if err != nil {
		return "", nil, nil, err
	}
	return source, cuts, b, nil
}

// A body is a payload as it is stored: u8 packing · data. A packing's number
// and, for packing 2, the dictionary never change: see FORMAT.md.
const (
	packRaw  = 0
	packZstd = 1 // RFC 8878, no dictionary
	packDict = 2 // RFC 8878, dictionary 1
)

// maxPayload bounds what a body may unpack to: the largest resource that an
// importer may be told to accept, with its envelope.
const maxPayload = 256 << 20

// packWindow is how far back, in bytes, a payload's text is looked for when it
// is packed. Each encoder keeps twice that in memory.
const packWindow = 512 << 10

// packer compresses and expands payloads. Each payload is compressed by itself,
// so that text an outsider gets into one record cannot measure another.
type packer struct {
	once   sync.Once
	enc    *zstd.Encoder
	dec    *zstd.Decoder
	err    error
	frames func() (*frames.Dictionary, error) // packs most payloads, in the place of enc
	proofs sync.Pool                          // *[]byte: what a frame was unpacked to

	// small takes chunks of attachments, and frames that do not say what they unpack
	// to, as the encoder does not below 256 bytes.
	small *zstd.Decoder
}

func (p *packer) init() error {
	p.once.Do(func() {
		p.enc, p.err = zstd.NewWriter(nil, zstd.WithEncoderDict(dictionary1), zstd.WithEncoderLevel(zstd.SpeedFastest),
			zstd.WithEncoderConcurrency(2), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(packWindow), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
		if p.err != nil {
			return
		}
		p.dec, p.err = zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary1), zstd.WithDecoderConcurrency(2),
			zstd.WithDecoderMaxMemory(maxPayload), zstd.WithDecoderLowmem(true), zstd.WithDecodeAllCapLimit(false))
		if p.err != nil {
			return
		}
		p.small, p.err = zstd.NewReader(nil, zstd.WithDecoderDicts(dictionary1), zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxMemory(chunkSize), zstd.WithDecoderLowmem(true))
		// Whoever only reads need not wait for its tables.
		p.frames = sync.OnceValues(func() (*frames.Dictionary, error) { return frames.New(dictionary1) })
	})
	return p.err
}

// packFrom is the length in bytes from which a payload is packed. A note of an edit or
// a reading would lose fifty bytes at most, and an edit writes two: the dictionary is
// copied for each payload.
const packFrom = 256

func (p *packer) pack(payload []byte) ([]byte, error) {
	if len(payload) < packFrom {
		return append([]byte{packRaw}, payload...), nil
	}
	if err := p.init(); err != nil {
		return nil, err
	}
	out := make([]byte, 1, 64+len(payload)/3)
	out[0] = packDict
	short, err := p.frames()
	if err != nil {
		return nil, err
	}
	if out, ok := short.Append(out, payload); ok && p.says(out, payload) {
		return out, nil
	}
	out = p.enc.EncodeAll(payload, out)
	if len(out) > len(payload) {
		out = append(append(out[:0], packRaw), payload...)
	}
	return out, nil
}

// says tells whether body unpacks to payload. What this program packs by itself is
// unpacked by the library before anything relies on it.
func (p *packer) says(body, payload []byte) bool {
	buf, _ := p.proofs.Get().(*[]byte)
	if buf == nil {
		buf = new([]byte)
	}
	defer p.proofs.Put(buf)
	b, err := p.unpackTo(*buf, body)
	*buf = b[:0]
	return err == nil && bytes.Equal(b, payload)
}

// unpack gives a payload that is the caller's, but for a raw one, which lies
// within body.
func (p *packer) unpack(body []byte) ([]byte, error) { return p.unpackTo(nil, body) }

// unpackTo is unpack into the memory of buf where it suffices.
func (p *packer) unpackTo(buf, body []byte) ([]byte, error) {
	if len(body) == 0 {
		return nil, errPayload
	}
	switch body[0] {
	case packRaw:
		return body[1:], nil
	case packZstd, packDict:
		if err := p.init(); err != nil {
			return nil, err
		}
		dec := p.dec
		if _, said := unpacked(body); !said {
			dec = p.small
		}
		b, err := dec.DecodeAll(body[1:], buf[:0])
		if err != nil {
			return nil, errPayload
		}
		return b, nil
	}
	return nil, fmt.Errorf("%w: packing %d", ErrNewer, body[0])
}

// unpackChunk is unpack for a part of an attachment. What others packed expands
// to no more than a chunk and takes no more memory than that.
func (p *packer) unpackChunk(body []byte) ([]byte, error) {
	if len(body) == 0 || body[0] != packZstd && body[0] != packDict {
		return p.unpack(body)
	}
	if err := p.init(); err != nil {
		return nil, err
	}
	b, err := p.small.DecodeAll(body[1:], nil)
	if err != nil {
		return nil, errPayload
	}
	return b, nil
}

// unpacked is what a body says that it unpacks to, in bytes; a small one need not say
// (RFC 8878, Frame_Content_Size).
func unpacked(body []byte) (n uint64, said bool) {
	if len(body) == 0 || body[0] != packZstd && body[0] != packDict {
		return uint64(max(len(body)-1, 0)), len(body) > 0
	}
	var h zstd.Header
	if h.Decode(body[1:]) != nil || !h.HasFCS {
		return 0, false
	}
	return h.FrameContentSize, true
}

// honest refuses a body that says of itself another length than its header. Whoever
// sealed it chose what it unpacks to, and no more is to be made of it than was
// admitted to.
func honest(h vault.Header, body []byte) error {
	if n, said := unpacked(body); said && n != h.Length {
		return fmt.Errorf("%w: a payload is not as long as its header says", vault.ErrIntegrity)
	}
	return nil
}

func (p *packer) close() {
	for _, d := range []*zstd.Decoder{p.dec, p.small} {
		if d != nil {
			d.Close()
		}
	}
}

// Prepare encodes, hashes and packs the payload of p, makes its brief and gathers its
// terms; the writer gathers those of a record with attachments.
func (s *Store) Prepare(p *vault.Put) error {
	payload, err := encodePayload(p.Source, p.Resource)
	if err != nil {
		return err
	}
	p.Payload, p.Length = sha256.Sum256(payload), uint64(len(payload))
	if p.Body, err = s.pack.pack(payload); err != nil {
		return err
	}
	if len(p.Resource.Cuts) == 0 { // else the attachments may be seen by the writer alone
		p.Terms = termsOf(p.Resource)
	}
	w := p.Resource.Row()
	p.Brief = briefOf(&w)
	return err
}

// terms gathers the terms of r and of the text of its attachments.
func (s *Store) terms(r *vault.Resource) ([]byte, error) {
	if len(r.Cuts) == 0 {
		return termsOf(r), nil
	}
	ctx := context.Background()
	var full vault.Resource
	err := s.read(ctx, func(c *conn) (err error) {
		full, err = fhir.Options{Note: s.notes(ctx, c)}.Parse(r.JSON, r.Cuts)
		return err
	})
	return termsOf(&full), err
}
