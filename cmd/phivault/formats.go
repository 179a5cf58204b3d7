package main

import (
	"bytes"
	"context"
	"io"
	"iter"
	"strings"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/csvfile"
	"phivault/vault/codec/document"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/fhir/compose"
)

// codecs are the formats that an import can read, in the order in which they are
// tried. Documents come last and only with a patient: almost anything is one.
func (f *importFlags) codecs(ctx context.Context, v *vault.Vault) ([]vault.Codec, error) {
	subject := ""
	if f.patient != "" {
		ref, source, err := subjectOf(ctx, v, f.patient)
		if err != nil {
			return nil, err
		}
		subject = ref
		if f.source == "" {
			f.source = source
		}
	}
	list := []vault.Codec{fhirjson.JSON(), fhirjson.NDJSON()}
	if subject != "" {
		for i, c := range list {
			list[i] = heedless{c, &f.unheeded}
		}
	}
	if len(f.mapping) > 0 {
		c, err := f.csv(subject)
		if err != nil {
			return nil, err
		}
		if subject == "" && !namesPatient(f.mapping) {
			c = nobodys{c}
		}
		list = append(list, c)
	}
	if subject != "" {
		c, err := document.New(document.Options{Subject: subject, Date: f.date})
		if err != nil {
			return nil, usage("--date is not a date", "write 2026-03-09")
		}
		list = append(list, c)
	}
	if f.format == "" {
		if subject == "" {
			list = append(list, ownerless{len(f.mapping) > 0})
		}
		return list, nil
	}
	only, err := codec.Only(list, f.format)
	switch {
	case err == nil:
		return only, nil
	case f.format == "csv":
		return nil, usage("CSV needs --map", "--map date=Date,value=Weight,unit==kg,code=loinc|29463-7")
	case f.format == "document":
		return nil, usage("documents need --patient", "")
	}
	return nil, usage("there is no such format", "bundle, ndjson, csv and document can be read")
}

// namesPatient reports whether a mapping of CSV has a column of patients.
func namesPatient(mapping []string) bool {
	for _, m := range mapping {
		for pair := range strings.SplitSeq(m, ",") {
			if key, _, _ := strings.Cut(strings.TrimSpace(pair), "="); strings.EqualFold(strings.TrimSpace(key), "patient") {
				return true
			}
		}
	}
	return false
}

// nobodys is a format whose records are about nobody: values that no list of a patient
// would ever show are refused.
type nobodys struct{ vault.Codec }

func (nobodys) Decode(_ context.Context, name string, _ io.Reader, _ vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		yield(vault.Item{}, &vault.Refusal{Input: name, Reason: "its values would be nobody's; --patient says whose they are, or patient=COLUMN in --map"})
	}
}

// heedless is a format whose records say themselves whom they are about: that
// --patient was without effect is told.
type heedless struct {
	vault.Codec
	unheeded *bool
}

func (h heedless) Decode(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		for it, err := range h.Codec.Decode(ctx, name, r, o) {
			*h.unheeded = *h.unheeded || err == nil
			if !yield(it, err) {
				return
			}
		}
	}
}

// ownerless refuses documents, which say themselves not whose they are, and tables,
// which say not what their columns are, with what is missing.
type ownerless struct{ mapped bool }

var _ vault.Codec = ownerless{}

func (ownerless) Name() string { return "document" }

func (o ownerless) Sniff(prefix []byte) bool {
	if isText(prefix) {
		return true
	}
	for _, magic := range []string{"%PDF-", "\x89PNG\r\n", "\xff\xd8\xff", "GIF87a", "GIF89a", "II*\x00", "MM\x00*"} {
		if bytes.HasPrefix(prefix, []byte(magic)) {
			return true
		}
	}
	return false
}

func (o ownerless) Decode(_ context.Context, name string, r io.Reader, _ vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		reason := "it is a document; --patient says whose it is"
		prefix := make([]byte, 4<<10)
		n, err := io.ReadFull(r, prefix)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			yield(vault.Item{}, err)
			return
		}
		switch table := isTable(prefix[:n]); {
		case table && o.mapped:
			reason = "its header has none of the columns that --map names"
		case table:
			reason = "CSV needs --map: --map date=Date,value=Weight,unit==kg,code=loinc|29463-7"
		}
		yield(vault.Item{}, &vault.Refusal{Input: name, Reason: reason})
	}
}

// isText reports whether the beginning of a file is that of plain text, and of no
// markup or JSON.
func isText(prefix []byte) bool {
	begins := bytes.TrimLeft(bytes.TrimPrefix(prefix, []byte("\ufeff")), " \t\r\n")
	return len(begins) > 0 && !bytes.ContainsAny(begins[:1], "{[<") && !bytes.ContainsFunc(prefix, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t'
	})
}

// isTable reports whether the first two lines of a text have the same separators.
func isTable(prefix []byte) bool {
	first, rest, _ := bytes.Cut(prefix, []byte("\n"))
	second, _, _ := bytes.Cut(rest, []byte("\n"))
	for _, sep := range []string{",", ";", "\t"} {
		if n := bytes.Count(first, []byte(sep)); isText(prefix) && n > 0 && n == bytes.Count(second, []byte(sep)) {
			return true
		}
	}
	return false
}

func (f *importFlags) csv(subject string) (vault.Codec, error) {
	bad := usage("--map is not understood", "--map date=Date,value=Weight,unit==kg,code=loinc|29463-7; a column each, or behind a second = the text for every row")
	m, err := csvfile.ParseMapping(f.mapping...)
	if err != nil {
		return nil, bad
	}
	if subject != "" {
		if m.Patient != "" {
			return nil, usage("--patient and a patient in --map exclude each other", "")
		}
		m.Patient = "=" + subject
	}
	mark := m.Code[:len(m.Code)-len(strings.TrimPrefix(m.Code, "="))]
	m.Code = mark + compose.LongCode(m.Code[len(mark):])
	c, err := csvfile.New(m)
	if err != nil {
		return nil, bad
	}
	return c, nil
}

// newEncoder gives the encoder that --format names. v may be nil to look only
// whether there is one.
func newEncoder(ctx context.Context, format string, w io.Writer, v *vault.Vault) (vault.Encoder, error) {
	var blobs vault.Blobs
	if v != nil {
		blobs = v.Blobs()
	}
	switch format {
	case "bundle":
		return fhirjson.NewBundle(w, blobs, fhirjson.BundleOptions{}), nil
	case "ndjson":
		return fhirjson.NewNDJSON(w, blobs), nil
	case "csv":
		return csvfile.NewEncoder(w, csvfile.Options{PatientName: func(id vault.RecordID) string { return v.PatientName(ctx, id) }}), nil
	}
	return nil, usage("there is no such format", "bundle, ndjson and csv can be written")
}
