package synth

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// golden is SHA-256 over the first 5,000 lines of seed 1. It changes only when
// the generator is changed on purpose.
const golden = "93afc5a27d2d9f17b9559163e679ee41ad163f409150d4ec1de58979d55d28d4"

func TestSameSeedGivesSameBytesEverywhere(t *testing.T) {
	var sum hash.Hash = sha256.New()
	n, err := New(Options{Seed: 1, Records: 5000}).WriteNDJSON(sum)
	if err != nil || n != 5000 {
		t.Fatalf("wrote %d records: %v", n, err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != golden {
		t.Errorf("seed 1 gives\n%s, want\n%s", got, golden)
	}
}

func TestSeedsDiffer(t *testing.T) {
	a, b := New(Options{Seed: 1}), New(Options{Seed: 2})
	born := 0
	for i := range 50 {
		var x, y life
		x.live(a, i)
		y.live(b, i)
		if x.born == y.born {
			born++
		}
		if newUUID(1, domainRecordID, uint64(i), 0) == newUUID(2, domainRecordID, uint64(i), 0) {
			t.Error("two seeds share an id")
		}
	}
	if born > 3 {
		t.Errorf("%d of 50 patients were born on the same day under two seeds", born)
	}
}

// A patient made alone is the patient of the stream.
func TestPatientsAreIndependent(t *testing.T) {
	g := New(Options{Seed: 3, Patients: 70})
	var stream, single []string
	for b := range g.Resources() {
		stream = append(stream, string(b))
	}
	for i := range 70 {
		k := 0
		for b := range g.Patient(i) {
			single = append(single, string(b))
			if k == 0 && i%practiceSize == 0 {
				for b := range g.Directory(i) {
					single = append(single, string(b))
				}
			}
			k++
		}
	}
	if len(stream) != len(single) {
		t.Fatalf("stream has %d records, patients and directories have %d", len(stream), len(single))
	}
	for i := range stream {
		if stream[i] != single[i] {
			t.Fatalf("record %d differs:\n%s\n%s", i, stream[i], single[i])
		}
	}
}

func TestStopsWhenAsked(t *testing.T) {
	g := New(Options{Patients: 3})
	n := 0
	for range g.Resources() {
		if n++; n == 40 {
			break
		}
	}
	for range g.Patient(1) {
		break
	}
	for range g.Directory(1) {
		break
	}
	for _, want := range []int{1, 2, 13, 999} {
		if n, err := New(Options{Records: want}).WriteNDJSON(io.Discard); n != want || err != nil {
			t.Errorf("asked for %d records, got %d: %v", want, n, err)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestWriteErrorsAreReturned(t *testing.T) {
	if _, err := New(Options{Patients: 2}).WriteNDJSON(brokenWriter{}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("WriteNDJSON: %v", err)
	}
	if err := WriteBundle(brokenWriter{}, Options{}, 0); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("WriteBundle: %v", err)
	}
	if err := WriteBundle(io.Discard, Options{Bundle: "batch"}, 0); err == nil {
		t.Error("WriteBundle wrote a type that it does not know")
	}
}

// strict reads b as one JSON text without duplicate keys or bad UTF-8.
func strict(t *testing.T, b []byte) map[string]any {
	t.Helper()
	d := jsontext.NewDecoder(bytes.NewReader(b))
	if _, err := d.ReadValue(); err != nil {
		t.Fatalf("not strict JSON: %v\n%.400s", err, b)
	}
	if _, err := d.ReadToken(); err != io.EOF {
		t.Fatalf("trailing text: %v\n%.400s", err, b)
	}
	return parse(t, b)
}

// parse reads b with the digits of its numbers kept.
func parse(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v\n%.400s", err, b)
	}
	return v
}

func TestEveryResourceIsOneLineOfStrictJSON(t *testing.T) {
	for b := range New(Options{Seed: 5, Patients: 60}).Resources() {
		if bytes.ContainsAny(b, "\n\r") {
			t.Fatalf("line break in\n%s", b)
		}
		strict(t, b)
	}
}

func TestBundleHoldsOnePatient(t *testing.T) {
	for _, kind := range []string{"", BundleCollection, BundleTransaction} {
		for i := range 12 {
			var out bytes.Buffer
			if err := WriteBundle(&out, Options{Seed: 4, Bundle: kind}, i); err != nil {
				t.Fatal(err)
			}
			bundle := strict(t, out.Bytes())
			if want := cmp.Or(kind, BundleCollection); bundle["type"] != want {
				t.Fatalf("type %v, want %s", bundle["type"], want)
			}
			urls := map[string]bool{}
			patients := 0
			for _, e := range bundle["entry"].([]any) {
				entry := e.(map[string]any)
				url, resource := entry["fullUrl"].(string), entry["resource"].(map[string]any)
				if urls[url] || !strings.HasPrefix(url, "urn:uuid:") {
					t.Fatalf("fullUrl %s is not unique or no urn:uuid", url)
				}
				urls[url] = true
				if id, ok := resource["id"]; ok && "urn:uuid:"+id.(string) != url {
					t.Fatalf("fullUrl %s of id %s", url, id)
				}
				if resource["resourceType"] == "Patient" {
					patients++
				}
				if _, ok := entry["request"]; ok != (kind == BundleTransaction) {
					t.Fatalf("request in a bundle of type %q: %v", kind, ok)
				}
			}
			conditional := 0
			walk(bundle, "", func(path string, v any) {
				ref, ok := v.(string)
				if !ok || !strings.HasSuffix(path, ".reference") || ref[0] == '#' {
					return
				}
				if strings.Contains(ref, "?identifier=") {
					conditional++
				} else if !urls[ref] {
					t.Errorf("%s: %s is not in the bundle", path, ref)
				}
			})
			if (conditional > 0) != (kind == BundleTransaction) {
				t.Errorf("%d conditional references in a bundle of type %q", conditional, kind)
			}
			if patients != 1 {
				t.Errorf("%d patients", patients)
			}
		}
	}
}

// walk visits every value below v with its path, as a.b.c; arrays add nothing.
func walk(v any, path string, visit func(path string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			walk(x, path+"."+k, visit)
		}
	case []any:
		for _, x := range v {
			walk(x, path, visit)
		}
	default:
		visit(path, v)
	}
}

func BenchmarkResources(b *testing.B) {
	b.ReportAllocs()
	n, size := 0, 0
	for b.Loop() {
		for r := range New(Options{Seed: 1, Records: 20000}).Resources() {
			n++
			size += len(r)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(size)/float64(n), "B/record")
}
