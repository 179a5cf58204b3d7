package fhirjson

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

// BundleOptions shape a Bundle.
type BundleOptions struct {
	// FullURL gives an entry's fullUrl; "" leaves it out. Nil means FullURL.
	FullURL func(*vault.Record) string
}

// FullURL is the fullUrl of a record's entry: the one its Bundle gave it, where
// the vault had to keep that, as other resources refer to it; else "urn:uuid:"
// and the resource's own id when that is a UUID, as references of this form then
// mean it; else the record's id as a UUID of version 8 (RFC 9562 section 5.8),
// which is the same at every export and on every device.
func FullURL(r *vault.Record) string {
	if r.FullURL != "" {
		return r.FullURL
	}
	if isUUID(r.Resource.ID) {
		return "urn:uuid:" + r.Resource.ID
	}
	id := r.ID
	id[6] = id[6]&0x0f | 0x80
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// isUUID: lower case only, as urn:uuid is compared by its characters in FHIR.
func isUUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !('0' <= c && c <= '9' || 'a' <= c && c <= 'f') {
			return false
		}
	}
	return true
}

// BundleEncoder writes a Bundle of type collection, each resource byte for byte
// as it came in, one entry after another on lines of their own. The same
// records give the same bytes.
type BundleEncoder struct {
	w     *bufio.Writer
	blobs vault.Blobs
	o     BundleOptions
	begun bool
	err   error // sticks: a document with a hole must not be closed as whole
}

var _ vault.Encoder = (*BundleEncoder)(nil)

// NewBundle gives an encoder that writes to w; blobs has the attachments.
func NewBundle(w io.Writer, blobs vault.Blobs, o BundleOptions) *BundleEncoder {
	if o.FullURL == nil {
		o.FullURL = FullURL
	}
	return &BundleEncoder{w: bufio.NewWriterSize(w, 64<<10), blobs: blobs, o: o}
}

const (
	bundleHead = `{"resourceType":"Bundle","type":"collection"`
	bundleTail = "\n]}\n"
)

// Encode adds a record. A deleted one is ErrDeleted and adds nothing.
func (e *BundleEncoder) Encode(ctx context.Context, r vault.Record) error {
	if e.err != nil {
		return e.err
	}
	if r.Deleted {
		return vault.ErrDeleted
	}
	e.err = e.entry(ctx, &r)
	return e.err
}

func (e *BundleEncoder) entry(ctx context.Context, r *vault.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	before := ",\n{"
	if !e.begun {
		before = bundleHead + `,"entry":[` + "\n{"
		e.begun = true
	}
	if u := e.o.FullURL(r); u != "" {
		b, err := jsontext.AppendQuote([]byte(before+`"fullUrl":`), strings.ToValidUTF8(u, "\ufffd"))
		if err != nil {
			return err
		}
		before = string(b) + ","
	}
	if _, err := e.w.WriteString(before + `"resource":`); err != nil {
		return err
	}
	if err := vault.WriteResource(ctx, e.w, e.blobs, &r.Resource); err != nil {
		return err
	}
	return e.w.WriteByte('}')
}

// Close ends the Bundle and does not close the writer underneath. After a
// failure it writes nothing, so that the document is seen to be cut short.
func (e *BundleEncoder) Close() error {
	if e.err != nil {
		return e.err
	}
	tail := bundleTail
	if !e.begun {
		tail = bundleHead + "}\n" // FHIR has no empty arrays
	}
	if _, e.err = e.w.WriteString(tail); e.err == nil {
		e.err = e.w.Flush()
	}
	if e.err != nil {
		return e.err
	}
	e.err = errClosed
	return nil
}
