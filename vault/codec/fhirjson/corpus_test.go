package fhirjson_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

// oracle cuts resources out of a file with the standard library, which takes
// what it can read and knows nothing of our code.
func oracle(path string, data []byte) (resources [][]byte, ok bool) {
	if filepath.Ext(path) == ".ndjson" {
		for line := range bytes.Lines(data) {
			if line = bytes.TrimSpace(line); len(line) > 0 && json.Valid(line) && typeOf(line) != "" {
				resources = append(resources, line)
			}
		}
		return resources, true
	}
	if !json.Valid(data) {
		return nil, false
	}
	if typeOf(data) != "Bundle" {
		return [][]byte{bytes.TrimSpace(data)}, true
	}
	var b struct {
		Entry []struct {
			Resource json.RawMessage
			Search   struct{ Mode string }
		}
	}
	if json.Unmarshal(data, &b) != nil {
		return nil, false
	}
	for _, e := range b.Entry {
		if len(e.Resource) > 0 && e.Search.Mode != "outcome" {
			resources = append(resources, e.Resource)
		}
	}
	return resources, true
}

func typeOf(data []byte) string {
	var r struct{ ResourceType string }
	if json.Unmarshal(data, &r) != nil {
		return ""
	}
	return r.ResourceType
}

func TestTheCorpusIsCutAsTheStandardLibraryCutsIt(t *testing.T) {
	root := codectest.Corpus(t, "fhir-r4")
	want := map[string]string{
		"bulk-ndjson":     "7160 resources, 4 refusals", // the export's own log has four lines
		"edge-cases":      "87 resources, 5 refusals",
		"hl7-examples":    "459 resources, 5 refusals", // four questions in a batch, one search outcome
		"synthea-bundles": "6278 resources, 0 refusals",
	}
	for folder, counts := range want {
		var resources, refusals int
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || filepath.Ext(path) == ".xml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var blobs codectest.Blobs
			got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), path, bytes.NewReader(data), vault.DecodeOptions{Blobs: &blobs}))
			if err != nil || got.Err != nil {
				return fmt.Errorf("%s: %v %v", path, err, got.Err)
			}
			resources += len(got.Items)
			refusals += len(got.Refusals)
			expect, ok := oracle(path, data)
			if strings.Contains(path, "patient-duplicate.json") {
				ok = false // the standard library lets the last of two equal names win
			}
			if !ok {
				if len(got.Refusals) == 0 {
					t.Errorf("%s is broken and was not refused", path)
				}
				return nil
			}
			if len(got.Items) != len(expect) {
				t.Errorf("%s: %d resources, want %d", path, len(got.Items), len(expect))
				return nil
			}
			for i := range expect {
				whole, err := codectest.Whole(&blobs, &got.Items[i].Resource)
				if err != nil || !bytes.Equal(whole, expect[i]) {
					t.Errorf("%s: resource %d is not the bytes of the file (%v)", path, i, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%d resources, %d refusals", resources, refusals); got != counts {
			t.Errorf("%s: %s, want %s", folder, got, counts)
		}
	}
}
