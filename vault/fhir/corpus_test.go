package fhir

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// corpus gives the folder of sample data by others. It is beside the project:
// absent and not asked for, the tests that need it are skipped.
func corpus(t testing.TB) string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(file), "..", "..", "..", "shared", "data")
	env, set := os.LookupEnv("PHIVAULT_CORPUS")
	if set {
		dir = env
	}
	dir = filepath.Join(dir, "fhir-r4")
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && !set {
		t.Skip("no sample data: PHIVAULT_CORPUS is not set and ../shared/data is not there")
	} else if err != nil {
		t.Fatal(err)
	}
	return dir
}

type sample struct {
	file string
	json []byte
}

// samples gives every resource in the sample data that is held to be valid:
// files, lines, and the resources in Bundles.
func samples(t testing.TB) []sample {
	t.Helper()
	dir := corpus(t)
	var all []sample
	for _, sub := range []string{"hl7-examples", "synthea-bundles", "bulk-ndjson"} {
		files, err := filepath.Glob(filepath.Join(dir, sub, "*"))
		if err != nil || len(files) < 10 {
			t.Fatalf("%s: %d files, %v", sub, len(files), err)
		}
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(sub, filepath.Base(f))
			if strings.HasSuffix(f, ".ndjson") {
				if filepath.Base(f) == "log.ndjson" {
					continue
				}
				for line := range bytes.Lines(b) {
					if line = bytes.TrimSpace(line); len(line) > 0 {
						all = append(all, sample{name, line})
					}
				}
				continue
			}
			all = append(all, sample{name, b})
			var bundle struct {
				Entry []struct{ Resource stdjson.RawMessage }
			}
			if err := stdjson.Unmarshal(b, &bundle); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, e := range bundle.Entry {
				if len(e.Resource) > 0 {
					all = append(all, sample{name, e.Resource})
				}
			}
		}
	}
	return all
}

func TestSampleDataParses(t *testing.T) {
	all := samples(t)
	if len(all) < 13000 {
		t.Fatalf("only %d resources", len(all))
	}
	numbers := 0
	for _, s := range all {
		r, err := Parse(s.json, nil)
		if err != nil {
			t.Errorf("%s: %v", s.file, err)
			continue
		}
		values := []string{r.Value}
		for _, m := range r.Measures {
			values = append(values, m.Value, m.Low, m.High)
		}
		for _, v := range values {
			numbers += verbatim(t, s, v)
		}
		for _, part := range []string{r.Subject, r.ID, r.Date} {
			if !bytes.Contains(s.json, []byte(part)) {
				t.Errorf("%s: %q is not in the resource", s.file, part)
			}
		}
	}
	if numbers < 3000 {
		t.Errorf("only %d numbers were looked for", numbers)
	}
}

// verbatim holds each number in a value to the digits in the source.
func verbatim(t *testing.T, s sample, value string) (numbers int) {
	for _, part := range strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune("–/:;,()<>= ", r) }) {
		if strings.Trim(part, "0123456789.+-eE") != "" || strings.Trim(part, ".+-eE") == "" {
			continue
		}
		numbers++
		if !bytes.Contains(s.json, []byte(part)) {
			t.Errorf("%s: the digits %q are not in the resource", s.file, part)
		}
	}
	return numbers
}

func TestSampleDataReads(t *testing.T) {
	seen := map[string]int{}
	for _, s := range samples(t) {
		r, err := Parse(s.json, nil)
		if err != nil {
			t.Fatal(err)
		}
		if seen[r.Type]++; seen[r.Type] > 40 || len(s.json) > 200<<10 {
			continue
		}
		lines := View(&r)
		flags, ranges := 0, 0
		for i, l := range lines {
			if l.Label == "" && i == 0 || l.Depth < 0 || strings.ContainsAny(l.Label+l.Text, "\n\x1b") {
				t.Errorf("%s: line %d is %+v", s.file, i, l)
			}
			if l.Label == "Flag" {
				flags++
			}
			if l.Text == noRange {
				ranges++
			}
		}
		if r.Type == "Observation" && r.Flag == "" && !bytes.Contains(s.json, []byte("interpretation")) && flags > 0 {
			t.Errorf("%s: a flag is made up", s.file)
		}
		if r.Type == "Observation" && !bytes.Contains(s.json, []byte("referenceRange")) && ranges == 0 {
			t.Errorf("%s: the missing range is not told", s.file)
		}
	}
	if len(seen) < 80 {
		t.Errorf("only %d types", len(seen))
	}
}

// edgeCases says of every odd file whether it is taken in, and why.
var edgeCases = map[string]string{
	"bad-json-close-1.json":  "a comma or a closing bracket is missing",
	"json-comma-bad-1.json":  "a comma or a closing bracket is missing",
	"json-comments-1.json":   "comments are not JSON",
	"json-no-quotes-1.json":  unquotedName,
	"patient-duplicate.json": "a member name occurs twice in one object",
	"test-ndjson.ndjson":     "something follows after its end", // its lines are resources

	"observation-decimal.xml":                      "it is not valid JSON",
	"observation-example-20minute-apgar-score.xml": "it is not valid JSON",
	"bundle-ips-examples-bundle-01.xml":            "it is not valid JSON",
	"patient-example.xml":                          "it is not valid JSON",
	"primitive-good.xml":                           "it is not valid JSON",
	"uk-nhs-pat.xml":                               "it is not valid JSON",
	"xml_UTF16_noheader_bom.xml":                   "the text is not valid UTF-8",
	"xml_UTF8_header_bom.xml":                      "it begins with a byte order mark",

	// Odd for a validator, sound as JSON with a type and an id or none.
	"allergy.json":                                   "",
	"bundle-conditional-reference-good.json":         "",
	"bundle-document-versioned-references-good.json": "",
	"bundle-duplicate-id.json":                       "", // of two types
	"bundle-duplicate-ids-not.json":                  "",
	"bundle-transaction.json":                        "",
	"bundle-urn.json":                                "",
	"bundle-with-contained.json":                     "",
	"contained.json":                                 "",
	"empty-array.json":                               "",
	"fhirpath-null.json":                             "",
	"ips-link.json":                                  "",
	"medstmt-ips.json":                               "",
	"obs-decimal.json":                               "",
	"obs-fio2.json":                                  "",
	"obs-percent.json":                               "",
	"obs-temp.json":                                  "",
	"pat-dob-ext.json":                               "",
	"patient-duplicate-contained.json":               "", // Contained refuses to choose
	"patient-id-extensions.json":                     "",
	"patient-lang2.json":                             "",
	"primitive-good-ws.json":                         "",
	"resource-invalid-id-0.json":                     "", // its id, with a hyphen, is valid
	"unicode-problem.json":                           "", // the control character is escaped
	"us-cond.json":                                   "",
}

func TestEdgeCases(t *testing.T) {
	files, err := os.ReadDir(filepath.Join(corpus(t), "edge-cases"))
	if err != nil || len(files) != len(edgeCases) {
		t.Fatalf("%d files, %v; the table has %d", len(files), err, len(edgeCases))
	}
	for _, f := range files {
		want, ok := edgeCases[f.Name()]
		if !ok {
			t.Errorf("%s is not in the table", f.Name())
			continue
		}
		b, err := os.ReadFile(filepath.Join(corpus(t), "edge-cases", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(b, nil)
		var s *SyntaxError
		switch {
		case want == "" && err != nil:
			t.Errorf("%s is refused: %v", f.Name(), err)
		case want != "" && (!errors.As(err, &s) || s.Reason != want):
			t.Errorf("%s: got %v, want %s", f.Name(), err, want)
		}
	}
}

func BenchmarkParseSamples(b *testing.B) {
	var all []sample
	size := 0
	for _, s := range samples(b) {
		if len(s.json) < 32<<10 {
			all = append(all, s)
			size += len(s.json)
		}
	}
	b.SetBytes(int64(size / len(all)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := Parse(all[i%len(all)].json, nil); err != nil {
			b.Fatal(err)
		}
		i++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "resources/s")
}
