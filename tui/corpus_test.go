package tui_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
)

// corpus is the folder of files that others wrote; PHIVAULT_CORPUS names it.
func corpus(t *testing.T) string {
	dir, set := os.LookupEnv("PHIVAULT_CORPUS")
	if !set {
		dir = filepath.Join("..", "..", "shared", "data")
		if _, err := os.Stat(dir); err != nil {
			t.Skip("no PHIVAULT_CORPUS: the charts of others' files are not looked at")
		}
	}
	return filepath.Join(dir, "fhir-r4")
}

// observation is what the test itself reads of a source file, numbers as text.
type observation struct {
	ResourceType string
	Status       string
	Code         struct {
		Coding []struct{ System, Code string }
	}
	Effective string `json:"effectiveDateTime"`
	Value     *struct {
		Value json.Number
		Unit  string
	} `json:"valueQuantity"`
	Range []any `json:"referenceRange"`
}

func TestChartsOfImportedFilesShowWhatTheFilesSay(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(corpus(t), "synthea-bundles", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no bundles", err)
	}
	shown := 0
	for _, file := range files[:min(len(files), 6)] {
		o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
		in, err := codec.Open(file, []vault.Codec{fhirjson.JSON()})
		if err != nil {
			t.Fatal(err)
		}
		load(t, o, in)
		// Of each code and unit the newest value, by the date as it is written.
		newest := map[[2]string]observation{}
		for _, x := range observationsOf(t, file) {
			if x.Value == nil || len(x.Code.Coding) == 0 || x.Status == "entered-in-error" {
				continue
			}
			key := [2]string{x.Code.Coding[0].Code, x.Value.Unit}
			if newest[key].Effective < x.Effective {
				newest[key] = x
			}
		}
		s := sit(t, o).Resize(160, 48).Unlock(passphrase)
		if !strings.Contains(s.Text(), "1 Summary") {
			continue // no patient, or several
		}
		s.Press("3")
		for key, x := range newest {
			s.Press("f").Type(key[0])
			if !strings.Contains(s.Text(), " 1 test\n") { // measured in several units
				s.Press("esc")
				continue
			}
			s.Press("enter", "enter").Screen("values").Expect(x.Value.Value.String(), key[1])
			if len(x.Range) == 0 {
				s.Expect("no range supplied").Refuse("▲", "▼")
			}
			s.Press("esc", "esc")
			shown++
		}
	}
	if shown < 20 {
		t.Errorf("only %d tests were compared with their files", shown)
	}
}

func observationsOf(t *testing.T, file string) (out []observation) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var bundle struct {
		Entry []struct{ Resource json.RawMessage }
	}
	if err := json.Unmarshal(b, &bundle); err != nil {
		t.Fatal(err)
	}
	for _, e := range bundle.Entry {
		var x observation
		if json.Unmarshal(e.Resource, &x) == nil && x.ResourceType == "Observation" {
			out = append(out, x)
		}
	}
	return out
}

// HL7's examples are of every type; each is opened and read to its end.
func TestEveryExampleOfHL7CanBeRead(t *testing.T) {
	dir := filepath.Join(corpus(t), "hl7-examples")
	in, err := codec.Open(dir, []vault.Codec{fhirjson.JSON()})
	if err != nil {
		t.Fatal(err)
	}
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	load(t, o, in)
	s := sit(t, o).Unlock(passphrase).Screen("patients").Resize(120, 40)
	types := map[string]bool{}
	var titles []vault.Record
	for r, err := range o.open.Find(t.Context(), vault.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if !types[r.Resource.Type] && r.Resource.Type != "Patient" {
			types[r.Resource.Type] = true
			titles = append(titles, r)
		}
	}
	if len(types) < 40 {
		t.Fatalf("only %d types", len(types))
	}
	read := 0
	for _, r := range titles {
		word := longest(r.Resource.Title)
		if len(word) < 4 {
			continue
		}
		s.Press("/").Type(word).Press("enter")
		if s.Is("record") {
			s.Expect("source clinic").Press("end", "r", "end")
			read++
		}
		for range 4 {
			s.Press("esc")
		}
		s.Screen("patients")
	}
	if read < 20 {
		t.Errorf("only %d records were read", read)
	}
}

func longest(title string) (word string) {
	for w := range strings.FieldsFuncSeq(title, func(r rune) bool { return r < 'A' || r > 'z' || r > 'Z' && r < 'a' }) {
		if len(w) > len(word) {
			word = w
		}
	}
	return word
}
