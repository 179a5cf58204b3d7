package fhirjson

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"

	"phivault/vault"
)

// headSize is how much of an attachment of text full-text search may see, and
// headsSize of all attachments of one resource.
const (
	headSize  = 1 << 20
	headsSize = 4 << 20
)

var (
	errNotBase64 = errors.New("not base64 as the standard writes it")
	errTooLarge  = errors.New("attachment over the limit")
)

// strict refuses what would not be written back the same: other alphabets,
// padding left out, bits after the end.
var strict = base64.StdEncoding.Strict()

type cutOptions struct {
	ctx   context.Context
	blobs vault.Blobs // nil: hash only
	max   int64
}

// cutter turns base64 text into a blob while it passes by. The text itself
// stays in the scanner's buffer, too, as long as it fits, so that it can stand
// where it was when its end turns out not to be base64.
type cutter struct {
	o      *cutOptions
	w      vault.BlobWriter // nil until the first chunk decoded
	kept   bool             // the text is still in the scanner's buffer
	padded bool             // nothing may follow
	quad   []byte           // fewer than four characters, from the last feed
	out    []byte
	size   int64
	head   []byte
	noText bool
}

// begin starts a cut with the text that s kept since start.
func (s *scanner) begin(c **cutter, start int, stop byte) error {
	*c = &cutter{o: s.cut, kept: true}
	err := (*c).feed(s.buf[start:])
	return s.fed(c, err, start, stop)
}

// feed gives seg, which stands at the window's beginning, to the cut.
func (s *scanner) feed(c **cutter, seg []byte, start int, stop byte) error {
	err := (*c).feed(seg)
	if (*c).kept && int64(len(s.buf)+len(seg)) > s.max {
		(*c).kept = false
		s.buf = s.buf[:start]
	}
	if (*c).kept {
		s.add(seg)
	}
	s.src.pos += len(seg)
	return s.fed(c, err, start, stop)
}

// fed ends the cut when it is complete or turned out to be none.
func (s *scanner) fed(c **cutter, err error, start int, stop byte) error {
	if err == nil && stop == '\\' {
		err = errNotBase64
	}
	var cut vault.Cut
	if err == nil {
		if stop != '"' {
			return nil
		}
		cut, err = (*c).commit()
	}
	done := *c
	*c = nil
	switch {
	case err == nil:
		cut.Offset = int64(start)
		s.buf, s.cuts = s.buf[:start], append(s.cuts, cut)
		s.addHead(done)
		return nil
	case errors.Is(err, errNotBase64):
		if done.abort(); !done.kept {
			s.drop(overSize(s.max))
		}
		return nil
	case errors.Is(err, errTooLarge):
		done.abort()
		s.drop(fmt.Sprintf("an attachment is over the limit of %d bytes", done.o.max))
		return nil
	}
	done.abort()
	return &blobError{err}
}

// blobError is what the keeper of attachments failed with: it ends the reading.
type blobError struct{ err error }

func (e *blobError) Error() string { return e.err.Error() }
func (e *blobError) Unwrap() error { return e.err }

// addHead keeps the beginning of the cut that was added last.
func (s *scanner) addHead(c *cutter) {
	total := len(c.head)
	for _, h := range s.heads {
		total += len(h)
	}
	if total > headsSize {
		c.head = nil
	}
	s.heads = append(s.heads, c.head)
}

func (c *cutter) feed(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if c.padded || bytes.IndexByte(p, '\n') >= 0 || bytes.IndexByte(p, '\r') >= 0 { // base64 would skip them
		return errNotBase64
	}
	if len(c.quad) > 0 {
		n := min(4-len(c.quad), len(p))
		c.quad = append(c.quad, p[:n]...)
		if p = p[n:]; len(c.quad) < 4 {
			return nil
		}
		if err := c.decode(c.quad); err != nil {
			return err
		}
		c.quad = c.quad[:0]
		if c.padded && len(p) > 0 {
			return errNotBase64
		}
	}
	whole := len(p) &^ 3
	if err := c.decode(p[:whole]); err != nil {
		return err
	}
	c.quad = append(c.quad, p[whole:]...) // after padding, it is in the way at the end
	return nil
}

func (c *cutter) decode(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if need := len(p) / 4 * 3; cap(c.out) < need {
		c.out = make([]byte, need)
	}
	n, err := strict.Decode(c.out[:cap(c.out)], p)
	if err != nil {
		return errNotBase64
	}
	c.padded = n < len(p)/4*3
	if c.size += int64(n); c.size > c.o.max {
		return errTooLarge
	}
	if c.w == nil {
		if c.w, err = c.o.open(); err != nil {
			return err
		}
	}
	c.look(c.out[:n])
	_, err = c.w.Write(c.out[:n])
	return err
}

// look keeps the beginning of what may be text.
func (c *cutter) look(p []byte) {
	if c.size == int64(len(p)) && bytes.IndexByte(p, 0) >= 0 {
		c.noText = true
	}
	if !c.noText {
		c.head = append(c.head, p[:min(len(p), headSize-len(c.head))]...)
	}
}

func (c *cutter) commit() (vault.Cut, error) {
	if len(c.quad) > 0 {
		return vault.Cut{}, errNotBase64
	}
	h, n, err := c.w.Commit()
	c.w = nil
	if err != nil {
		return vault.Cut{}, err
	}
	return vault.Cut{Size: n, SHA256: h}, nil
}

func (c *cutter) abort() {
	if c.w != nil {
		c.w.Abort()
		c.w = nil
	}
}

func (o *cutOptions) open() (vault.BlobWriter, error) {
	if o.blobs == nil {
		return &dropped{h: sha256.New()}, nil
	}
	return o.blobs.NewBlob(o.ctx)
}

// dropped hashes an attachment and forgets it.
type dropped struct {
	h hash.Hash
	n int64
}

var _ vault.BlobWriter = (*dropped)(nil)

func (d *dropped) Write(p []byte) (int, error) {
	d.n += int64(len(p))
	return d.h.Write(p)
}

func (d *dropped) Commit() (h vault.Hash, n int64, err error) {
	d.h.Sum(h[:0])
	return h, d.n, nil
}

func (d *dropped) Abort() {}
