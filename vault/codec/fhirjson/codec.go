package fhirjson

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"iter"
	"path"
	"strings"

	"phivault/vault"
)

// Codec reads FHIR JSON.
type Codec struct {
	name  string
	lines bool
}

var _ vault.Codec = Codec{}

// JSON reads one document, a resource or a Bundle, and finds out by itself
// when a file is NDJSON. Its name is "bundle".
func JSON() Codec { return Codec{name: "bundle"} }

// NDJSON reads a resource or a Bundle from each line. Its name is "ndjson".
func NDJSON() Codec { return Codec{name: "ndjson", lines: true} }

// Name is how --format calls the codec.
func (c Codec) Name() string { return c.name }

// Sniff takes whatever wants to be JSON, broken or in a wrong encoding, too, so
// that the refusal can say what is wrong with it.
func (c Codec) Sniff(prefix []byte) bool {
	if c.lines {
		return startsWithLines(prefix)
	}
	if wrongEncoding(prefix) != "" {
		return true
	}
	p := skipSpace(bytes.TrimPrefix(prefix, bom))
	return len(p) > 0 && (p[0] == '{' || p[0] == '[' || p[0] == '"') ||
		bytes.HasPrefix(p, []byte("//")) || bytes.HasPrefix(p, []byte("/*"))
}

// Decode gives the resources of r; see vault.Codec. Items hold bytes of their
// own. A Place counts entries and lines from 1 and columns in bytes.
func (c Codec) Decode(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		newDecoder(ctx, name, r, o, yield).run(c.lines)
	}
}

var bom = []byte("\xef\xbb\xbf")

func skipSpace(p []byte) []byte { return bytes.TrimLeft(p, " \t\r\n") }

// wrongEncoding names the encoding of JSON that is not in UTF-8 (RFC 8259
// section 8.1), "" when it may be.
func wrongEncoding(p []byte) string {
	switch {
	case bytes.HasPrefix(p, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(p, []byte("\x00\x00\xfe\xff")),
		bytes.HasPrefix(p, []byte("{\x00\x00\x00")), bytes.HasPrefix(p, []byte("\x00\x00\x00{")):
		return "UTF-32"
	case bytes.HasPrefix(p, []byte("\xff\xfe{")), bytes.HasPrefix(p, []byte("\xfe\xff\x00{")),
		bytes.HasPrefix(p, []byte("{\x00")), bytes.HasPrefix(p, []byte("\x00{")):
		return "UTF-16"
	}
	return ""
}

// startsWithLines reports whether the first line is an object by itself, or
// breaks off within a string, and the next one begins another.
func startsWithLines(p []byte) bool {
	p = skipSpace(bytes.TrimPrefix(p, bom))
	first, rest, found := bytes.Cut(p, []byte{'\n'})
	if !found || len(first) == 0 || first[0] != '{' {
		return false
	}
	depth, quoted := 0, false
	for i := 0; i < len(first); i++ {
		switch c := first[i]; {
		case c == '"':
			quoted = !quoted
		case quoted && c == '\\':
			i++
		case !quoted && class[c] == opens:
			depth++
		case !quoted && class[c] == closes:
			depth--
		}
	}
	return (depth == 0 || quoted) && startsMember(skipSpace(rest))
}

// startsMember reports whether p begins an object with a member.
func startsMember(p []byte) bool {
	p, ok := bytes.CutPrefix(p, []byte{'{'})
	return ok && bytes.HasPrefix(bytes.TrimLeft(p, " \t"), []byte{'"'})
}

func namedAsLines(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	ext := path.Ext(name)
	return ext == ".ndjson" || ext == ".jsonl"
}

func limits(l vault.Limits) vault.Limits {
	d := vault.DefaultLimits()
	l.Resource = cmp.Or(l.Resource, d.Resource)
	l.Depth = cmp.Or(l.Depth, d.Depth)
	l.Attachment = cmp.Or(l.Attachment, d.Attachment)
	return l
}
