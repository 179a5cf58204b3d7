package vault

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"iter"
)

// Item is one resource as a codec found it.
type Item struct {
	Input, Place string // for refusals: the file as the user named it, and where in it
	FullURL      string // Bundle.entry.fullUrl
	Resource     Resource
}

// DecodeOptions say how an input is to be read.
type DecodeOptions struct {
	Limits Limits // zero fields mean defaults
	Blobs  Blobs  // takes attachments; nil: they are hashed and dropped (dry runs, first passes)
	Only   string // give only resources of this type, others may be skipped unchecked; "" gives all
}

// Codec reads one document format.
type Codec interface {
	Name() string
	// Sniff reports whether prefix, up to 4 KiB from the start of a file,
	// looks like the format.
	Sniff(prefix []byte) bool
	// Decode gives the resources of r in order. A *Refusal is given for each
	// part that is not taken in, and reading goes on; any other error is the
	// last thing given. An Item's memory belongs to the receiver.
	Decode(ctx context.Context, name string, r io.Reader, o DecodeOptions) iter.Seq2[Item, error]
}

// Input is something to import. Items may be called more than once and begins
// anew each time, giving the same.
type Input interface {
	Name() string
	Items(ctx context.Context, o DecodeOptions) iter.Seq2[Item, error]
}

// Encoder writes records out in one document format. Close ends the document
// and does not close the writer underneath.
type Encoder interface {
	Encode(ctx context.Context, r Record) error
	Close() error
}

// WriteResource writes the resource's bytes as they came in, streaming the
// attachments that had been cut out.
func WriteResource(ctx context.Context, w io.Writer, blobs Blobs, r *Resource) error {
	at := int64(0)
	for _, c := range r.Cuts {
		if c.Offset < at || c.Offset > int64(len(r.JSON)) {
			return fmt.Errorf("%w: an attachment's place is outside its record", ErrIntegrity)
		}
		if _, err := w.Write(r.JSON[at:c.Offset]); err != nil {
			return err
		}
		at = c.Offset
		if err := writeBlob(ctx, w, blobs, c); err != nil {
			return err
		}
	}
	_, err := w.Write(r.JSON[at:])
	return err
}

func writeBlob(ctx context.Context, w io.Writer, blobs Blobs, c Cut) error {
	b, err := blobs.OpenBlob(ctx, c.SHA256)
	if err != nil {
		return err
	}
	defer b.Close()
	enc := base64.NewEncoder(base64.StdEncoding, w)
	n, err := io.Copy(enc, b)
	if err != nil {
		return err
	}
	if n != c.Size {
		return fmt.Errorf("%w: an attachment has %d bytes, not %d", ErrIntegrity, n, c.Size)
	}
	return enc.Close()
}
