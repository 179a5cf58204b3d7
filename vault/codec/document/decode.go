package document

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"phivault/vault"
	"phivault/vault/codec/fhirjson"
)

// Options say what the file itself does not.
type Options struct {
	Subject string       // reference to the patient: "Patient/1", "urn:uuid:…"
	Date    string       // when the document was made: FHIR date or dateTime
	Type    vault.Coding // what kind of document it is
}

// Codec takes in files of any kind that people read.
type Codec struct{ o Options }

var _ vault.Codec = (*Codec)(nil)

// New gives a codec; vault.ErrUsage when the date is none.
func New(o Options) (*Codec, error) {
	if o.Date != "" && !isDate(o.Date) {
		return nil, fmt.Errorf("%w: the date of a document is like 2024-05-31", vault.ErrUsage)
	}
	for _, s := range []string{o.Subject, o.Type.System, o.Type.Code, o.Type.Display} {
		if strings.ToValidUTF8(s, "") != s {
			return nil, fmt.Errorf("%w: what describes a document is UTF-8", vault.ErrUsage)
		}
	}
	return &Codec{o}, nil
}

func isDate(s string) bool {
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 && !strings.Contains(s, ",") {
			return true
		}
	}
	return false
}

// Name is how --format calls the codec.
func (c *Codec) Name() string { return "document" }

// Sniff takes PDF, PNG, JPEG, GIF, TIFF, WebP, HEIC, HTML and text in UTF-8.
func (c *Codec) Sniff(prefix []byte) bool { return kindOf(prefix) != "" }

// Decode gives the one DocumentReference; see vault.Codec.
func (c *Codec) Decode(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		if o.Only != "" && o.Only != "DocumentReference" {
			return
		}
		br := bufio.NewReaderSize(r, 64<<10)
		prefix, err := br.Peek(4 << 10)
		var ref *vault.Refusal
		if len(prefix) == 0 && errors.As(err, &ref) || len(prefix) == 0 && err != nil && err != io.EOF {
			yield(vault.Item{}, err)
			return
		}
		kind := kindOf(prefix)
		if reason := notTaken(name, kind, len(prefix)); reason != "" {
			yield(vault.Item{}, &vault.Refusal{Input: name, Reason: reason})
			return
		}
		d := newDraft(&c.o, kind, title(name), br)
		for it, err := range fhirjson.JSON().Decode(ctx, name, d, o) {
			it.Place = ""
			if errors.As(err, &ref) && !errors.Is(d.err, ref) {
				err = &vault.Refusal{Input: name, Reason: ref.Reason} // the place is one in our own JSON
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

func notTaken(name, kind string, n int) string {
	lower := strings.ToLower(strings.TrimSuffix(name, ".gz"))
	switch {
	case n == 0:
		return "it is empty"
	case kind == "":
		return "it is no PDF, image or text that is known here"
	case kind == "text/plain" && (strings.HasSuffix(lower, ".csv") || strings.HasSuffix(lower, ".tsv")):
		return "it is a table; a mapping says what its columns mean, by the names in its first line"
	}
	return ""
}

// title is the name of the file without its folders.
func title(name string) string {
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.TrimSuffix(name, ".gz")
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "\ufffd"))
}
