package fhirjson

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec/codectest"
)

// observation is of the size and shape that laboratories send.
func observation(i int) string {
	return fmt.Sprintf(`{
      "resourceType": "Observation",
      "id": "o-%d",
      "meta": { "profile": [ "http://hl7.org/fhir/us/core/StructureDefinition/us-core-observation-lab" ] },
      "status": "final",
      "category": [ { "coding": [ { "system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory", "display": "Laboratory" } ] } ],
      "code": { "coding": [ { "system": "http://loinc.org", "code": "2823-3", "display": "Potassium [Moles/volume] in Serum or Plasma" } ], "text": "Potassium" },
      "subject": { "reference": "urn:uuid:7c8a4d1e-0000-4000-8000-%012d" },
      "encounter": { "reference": "urn:uuid:1f4d7c8a-0000-4000-8000-%012d" },
      "effectiveDateTime": "2021-03-04T08:15:00+01:00",
      "issued": "2021-03-04T08:15:00.123+01:00",
      "valueQuantity": { "value": 4.%02d, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L" },
      "note": [ { "text": "Sample arrived within the hour, \"slightly\" haemolysed." } ]
    }`, i, i, i, i%100)
}

func aBundle(n int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"resourceType":"Bundle","type":"collection","entry":[`)
	for i := range n {
		if i > 0 {
			b.WriteString(",")
		}
		fmt.Fprintf(&b, "\n  { \"fullUrl\": \"urn:uuid:%012d\",\n    \"resource\": %s }", i, observation(i))
	}
	b.WriteString("\n]}")
	return b.Bytes()
}

func BenchmarkSplit(b *testing.B) {
	data := aBundle(20_000)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		// A type that is nowhere: everything is cut out and nothing parsed.
		d := newDecoder(context.Background(), "f", bytes.NewReader(data), vault.DecodeOptions{Only: "None"}, func(vault.Item, error) bool { n++; return true })
		d.run(false)
		if n > 0 {
			b.Fatal("something was given")
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := aBundle(5_000)
	lines := []byte(strings.Repeat(strings.ReplaceAll(observation(1), "\n", "")+"\n", 5_000))
	for _, tt := range []struct {
		name string
		data []byte
	}{{"bundle", data}, {"ndjson", lines}} {
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(tt.data)))
			b.ReportAllocs()
			for b.Loop() {
				for _, err := range JSON().Decode(context.Background(), "f", bytes.NewReader(tt.data), vault.DecodeOptions{}) {
					if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkAttachment(b *testing.B) {
	data := []byte(`{"resourceType":"Binary","data":"` + strings.Repeat("QUJDREVGR0hJSktMTU5P", 1<<20) + `"}`)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		for _, err := range JSON().Decode(context.Background(), "f", bytes.NewReader(data), vault.DecodeOptions{}) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkEncodeNDJSON(b *testing.B) {
	r := vault.Record{Resource: vault.Resource{JSON: []byte(observation(1))}}
	b.SetBytes(int64(len(r.Resource.JSON)))
	e := NewNDJSON(io.Discard, nil)
	for b.Loop() {
		if err := e.Encode(context.Background(), r); err != nil {
			b.Fatal(err)
		}
	}
}

func TestMemoryIsBoundedWhateverTheSize(t *testing.T) {
	size, attachment := int64(96<<20), int64(64<<20)
	if codectest.Slow() {
		size, attachment = 1<<30, 400<<20
	}
	const most = 64 << 20
	line := strings.ReplaceAll(observation(7), "\n", "") + "\n"
	entry := `{"resource":` + observation(7) + "},\n"
	for _, tt := range []struct {
		name string
		s    codectest.Stream
		min  int
	}{
		{"lines", codectest.Stream{Part: line, Size: size}, int(size) / len(line)},
		{"a Bundle", codectest.Stream{Head: `{"resourceType":"Bundle","entry":[`, Part: entry, Tail: `{"resource":` + observation(8) + "}]}", Size: size}, int(size) / len(entry)},
		{"an attachment", codectest.Stream{Head: `{"resourceType":"Binary","contentType":"text/plain","data":"`, Part: strings.Repeat("QUJD", 4096), Tail: `"}`, Size: attachment}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if n := codectest.HoldsMemory(t, JSON(), "f", &tt.s, vault.DecodeOptions{}, most); n < tt.min {
				t.Errorf("%d items, want %d at least", n, tt.min)
			}
		})
	}
}

// What can never become a record must not fill the memory either.
func TestMemoryIsBoundedForWhatIsRefused(t *testing.T) {
	size := int64(96 << 20)
	for name, s := range map[string]codectest.Stream{
		"a line without end":   {Head: observationLine, Part: strings.Repeat(" words", 1000), Size: size, Tail: "\"}\n" + observationLine + "\"}"},
		"brackets without end": {Head: `{"resourceType":"Basic","a":`, Part: strings.Repeat("[{\"a\":", 1000), Size: size, Tail: "\n" + observationLine + "\"}"},
		"spoilt base64":        {Head: observationLine, Part: strings.Repeat("QUJD", 1000), Size: size, Tail: "!\"}\n" + observationLine + "\"}"},
	} {
		t.Run(name, func(t *testing.T) {
			got := 0
			c := quiet{NDJSON()}
			if got = codectest.HoldsMemory(t, c, "f", &s, vault.DecodeOptions{}, 64<<20); got != 1 {
				t.Errorf("%d items, want the last line's", got)
			}
		})
	}
}

const observationLine = `{"resourceType":"Basic","text":"`

// quiet leaves the refusals out.
type quiet struct{ Codec }

func (q quiet) Decode(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		for it, err := range q.Codec.Decode(ctx, name, r, o) {
			if err == nil && !yield(it, nil) {
				return
			}
		}
	}
}
