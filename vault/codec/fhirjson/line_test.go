package fhirjson_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/synth"
)

// told is what the decoder says about lines that it reads from r.
func told(t testing.TB, r io.Reader, o vault.DecodeOptions) (all []string) {
	t.Helper()
	for it, err := range fhirjson.NDJSON().Decode(context.Background(), "f", r, o) {
		if err != nil {
			all = append(all, fmt.Sprintf("%+v", err))
			continue
		}
		r := it.Resource
		r.JSON, r.Person = nil, nil
		all = append(all, fmt.Sprintf("%s %s %s %+v %+v", it.Place, it.FullURL, it.Resource.JSON, r, it.Resource.Person))
	}
	return all
}

// A line that is in memory to its end is read at once, one of which only the beginning
// is there step by step: both say the same.
func TestALineReadAtOnceIsTheLineReadInSteps(t *testing.T) {
	var b strings.Builder
	for j := range synth.New(synth.Options{Seed: 5, Records: 300}).Resources() {
		b.Write(j)
		b.WriteString("\n")
	}
	for _, line := range []string{
		"", " \t", `{"resourceType":"Basic","id":"a"}`, "  \t{\"resourceType\" : \"Basic\", \"id\":\"b\"} \t\r", `{"id":"c","resourceType":"Basic"}`,
		`{"resourceType":"Basic","id":"a"} {}`, `{"resourceType":"Basic","id":"a"},`, `{"resourceType":"Basic","id":"a"`, `{"resourceType":"Basic","id":"a"}}`,
		`{"resourceType":"Basic","resourceType":"Basic"}`, `{"resourceType":"Basic","a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + "}",
		`{"resourceType":"Basic","a":[}]}`, `{"resourceType":"Basic","a":"` + "\xff" + `"}`, `[{"resourceType":"Basic"}]`, `"resourceType":"Basic"`,
		`{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Basic","id":"e"}},{"resource":{"resourceType":"Patient","id":"p1"}}]}`,
		`{"resourceType":"Patient","id":"p2"}`, `{"resourceType":"P\u0061tient","id":"p3"}`, `{"resourceType":"Basic","subject":{"type":"Patient"},"id":"f"}`,
		`{"resourceType":"Basic","text":"` + strings.Repeat("x", 3000) + `"}`, `{"resourceType":"Binary","data":"` + strings.Repeat("QUJD", vault.CutAt/4) + `"}`,
		`{"resourceType":"Basic","id":"last"}`,
	} {
		b.WriteString(line + "\n")
	}
	for name, o := range map[string]vault.DecodeOptions{"all": {}, "small": {Limits: vault.Limits{Resource: 2000}}, "flat": {Limits: vault.Limits{Depth: 3}}} {
		o.Blobs = &codectest.Blobs{}
		at := told(t, strings.NewReader(b.String()), o)
		steps := told(t, iotest.OneByteReader(strings.NewReader(b.String())), o)
		if len(at) < 300 || len(at) != len(steps) {
			t.Fatalf("%s: %d and %d", name, len(at), len(steps))
		}
		for i := range at {
			if at[i] != steps[i] {
				t.Fatalf("%s: item %d\n%.300s\nin steps\n%.300s", name, i, at[i], steps[i])
			}
		}
	}
	patients := told(t, strings.NewReader(b.String()), vault.DecodeOptions{Only: "Patient"})
	have := strings.Join(patients, "\n")
	for _, id := range []string{"p1", "p2", "p3"} {
		if !strings.Contains(have, "ID:"+id) {
			t.Errorf("Patient %s is not among those asked for", id)
		}
	}
	if strings.Contains(have, "ID:f") {
		t.Error("another type than the one asked for is given")
	}
}

// The reading that only looks for people costs little.
func BenchmarkPatients(b *testing.B) {
	var all bytes.Buffer
	for j := range synth.New(synth.Options{Seed: 5, Records: 5000}).Resources() {
		all.Write(j)
		all.WriteByte('\n')
	}
	b.SetBytes(int64(all.Len()))
	for b.Loop() {
		n := 0
		for range fhirjson.NDJSON().Decode(context.Background(), "f", bytes.NewReader(all.Bytes()), vault.DecodeOptions{Only: "Patient"}) {
			n++
		}
		if n == 0 {
			b.Fatal("nobody")
		}
	}
}
