package fhirjson

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"

	"phivault/vault"
)

var errClosed = errors.New("the document is closed")

// NDJSONEncoder writes one resource a line
// (https://hl7.org/fhir/R4/nd-json.html), byte for byte where a resource has no
// line break; else white space outside its strings is left out.
type NDJSONEncoder struct {
	w     *bufio.Writer
	blobs vault.Blobs
	err   error
}

var _ vault.Encoder = (*NDJSONEncoder)(nil)

// NewNDJSON gives an encoder that writes to w; blobs has the attachments.
func NewNDJSON(w io.Writer, blobs vault.Blobs) *NDJSONEncoder {
	return &NDJSONEncoder{w: bufio.NewWriterSize(w, 64<<10), blobs: blobs}
}

// Encode adds a record. A deleted one is ErrDeleted and adds nothing.
func (e *NDJSONEncoder) Encode(ctx context.Context, r vault.Record) error {
	if e.err != nil {
		return e.err
	}
	if r.Deleted {
		return vault.ErrDeleted
	}
	if e.err = ctx.Err(); e.err != nil {
		return e.err
	}
	var w io.Writer = e.w
	if bytes.IndexByte(r.Resource.JSON, '\n') >= 0 || bytes.IndexByte(r.Resource.JSON, '\r') >= 0 {
		w = &compactor{w: e.w}
	}
	if e.err = vault.WriteResource(ctx, w, e.blobs, &r.Resource); e.err == nil {
		e.err = e.w.WriteByte('\n')
	}
	return e.err
}

// Close ends the document and does not close the writer underneath.
func (e *NDJSONEncoder) Close() error {
	if e.err == nil {
		e.err = e.w.Flush()
	}
	if e.err != nil {
		return e.err
	}
	e.err = errClosed
	return nil
}

// compactor leaves out white space outside the strings of the JSON that is
// written through it, in whatever pieces.
type compactor struct {
	w       io.Writer
	quoted  bool
	escaped bool
}

func (c *compactor) Write(p []byte) (int, error) {
	from := 0 // what stands in p[from:i] is to be written
	for i := 0; i < len(p); i++ {
		switch b := p[i]; {
		case c.escaped:
			c.escaped = false
		case c.quoted:
			if b == '\\' {
				c.escaped = true
			} else if b == '"' {
				c.quoted = false
			}
		case b == '"':
			c.quoted = true
		case b == ' ' || b == '\n' || b == '\r' || b == '\t':
			if n, err := c.w.Write(p[from:i]); err != nil {
				return from + n, err
			}
			from = i + 1
		}
	}
	if n, err := c.w.Write(p[from:]); err != nil {
		return from + n, err
	}
	return len(p), nil
}
