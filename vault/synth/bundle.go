package synth

import (
	"bufio"
	"fmt"
	"io"
)

// Types of Bundle that WriteBundle writes (FHIR R4, Bundle.type).
const (
	BundleCollection  = "collection"
	BundleTransaction = "transaction"
)

// WriteNDJSON writes Resources, one a line, and returns how many it has written.
func (g *Generator) WriteNDJSON(w io.Writer) (n int, err error) {
	out := bufio.NewWriterSize(w, 1<<18)
	for b := range g.Resources() {
		if _, err = out.Write(b); err != nil {
			return n, fmt.Errorf("synth: write: %w", err)
		}
		if err = out.WriteByte('\n'); err != nil {
			return n, fmt.Errorf("synth: write: %w", err)
		}
		n++
	}
	if err = out.Flush(); err != nil {
		return n, fmt.Errorf("synth: write: %w", err)
	}
	return n, nil
}

// WriteBundle writes patient number patient (from 0) of the population o as one
// Bundle: the Patient, the directory, the records. Every entry has a urn:uuid
// fullUrl; entries refer to each other by it, and a transaction to its
// practitioners and organizations by conditional reference. The directory's
// practitioners differ a little from one patient's Bundle to the next.
func WriteBundle(w io.Writer, o Options, patient int) error {
	kind := o.Bundle
	switch kind {
	case "":
		kind = BundleCollection
	case BundleCollection, BundleTransaction:
	default:
		return fmt.Errorf("synth: bundle type %q: use %s or %s", kind, BundleCollection, BundleTransaction)
	}
	g := New(o)
	out := bufio.NewWriterSize(w, 1<<16)
	out.WriteString(`{"resourceType":"Bundle","id":"`)
	out.Write(newUUID(g.seed, domainBundle, uint64(patient), 0).append(nil))
	out.WriteString(`","type":"` + kind + `","entry":[`)
	var (
		s     *scribe
		err   error
		comma = "\n"
		extra int
	)
	s = newScribe(g, func(b []byte) bool {
		url := s.own
		if url == (uuid{}) {
			extra++
			url = newUUID(g.seed, domainBundle, uint64(patient), extra)
		}
		out.WriteString(comma + `{"fullUrl":"urn:uuid:`)
		out.Write(url.append(nil))
		out.WriteString(`","resource":`)
		out.Write(b)
		if kind == BundleTransaction {
			out.WriteString(`,"request":{"method":"POST","url":"` + s.kind + `"}`)
		}
		_, err = out.WriteString("}")
		comma = ",\n"
		return err == nil
	})
	s.bundle = kind
	s.patient(patient, true)
	out.WriteString("\n]}\n")
	if err := out.Flush(); err != nil {
		return fmt.Errorf("synth: write: %w", err)
	}
	return nil
}
