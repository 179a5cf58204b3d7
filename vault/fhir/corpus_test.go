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
	for _, s := range all {
		if _, err := Parse(s.json, nil); err != nil {
			t.Errorf("%s: %v", s.file, err)
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
