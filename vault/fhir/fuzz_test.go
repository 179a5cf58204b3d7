package fhir

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"io"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

var fuzzSeeds = []string{
	`{"resourceType":"Observation","id":"a","code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}],"text":"x"},"valueQuantity":{"value":6.30,"unit":"mg"},"component":[{"code":{},"valueInteger":1}],"referenceRange":[{"low":{"value":1}}]}`,
	`{"resourceType":"Patient","name":[{"family":["A"],"given":["B"],"use":"official"}],"contained":[{"resourceType":"Patient","id":"x"}],"subject":{"reference":"#x"}}`,
	`{"resourceType":"Binary","contentType":"text/html","data":"PHA+eDwvcD4="}`,
	`{"resourceType":"MedicationRequest","medicationReference":{"reference":"#m"},"contained":[{"resourceType":"Medication","id":"m","ingredient":[{"itemReference":{"reference":"#m"}}]}],"dosageInstruction":[{"text":"x"}]}`,
	`{"resourceType":"Composition","section":[{"title":"t","text":{"status":"additional","div":"<div>a&lt;<br/>b</div>"},"section":[{}]}],"modifierExtension":[{"url":"u"}]}`,
	`{"resourceType":"Basic","a":"\ud83d\ude00","b":[[],{},null,true,-1.5E+3]}`,
	`{"a":1,"a":2}`, `[1,]`, `{"resourceType":"X"`, "\xef\xbb\xbf{}", `nul`, `{"resourceType":"Basic"}x`,
}

func FuzzParse(f *testing.F) {
	for _, s := range fuzzSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, json []byte) {
		before := bytes.Clone(json)
		r, err := Parse(json, nil)
		if !bytes.Equal(json, before) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			var s *SyntaxError
			if !errors.As(err, &s) || s.Offset < 0 || s.Offset > int64(len(json)) || s.Reason == "" {
				t.Fatalf("%v", err)
			}
			if r.Type != "" || r.JSON != nil {
				t.Fatal("a resource comes with an error")
			}
		} else {
			check(t, &r)
		}
		agree(t, json, err)
	})
}

// check holds what every resource promises.
func check(t *testing.T, r *vault.Resource) {
	if !validType(r.Type) || r.ID != "" && !validID(r.ID) {
		t.Fatalf("type %q, id %q", r.Type, r.ID)
	}
	if r.Date != "" {
		if _, ok := Day(r.Date); !ok {
			t.Fatalf("date %q", r.Date)
		}
	}
	for _, s := range []string{r.Title, r.Value, r.Text} {
		for _, c := range s {
			if unicode.IsControl(c) || unicode.Is(unicode.Co, c) {
				t.Fatalf("%U in a view", c)
			}
		}
		if !utf8.ValidString(s) {
			t.Fatal("a view is no UTF-8")
		}
	}
	if len(View(r)) == 0 {
		t.Fatal("nothing to read")
	}
}

// agree compares what scan accepts with two other readers of JSON: jsontext
// reading it whole, and encoding/json, which is laxer.
func agree(t *testing.T, json []byte, parsed error) {
	s := newScratch()
	defer s.free()
	_, err := s.scan(json, 1000)
	if errors.Is(err, vault.ErrLimit) {
		return
	}
	d := jsontext.NewDecoder(bytes.NewReader(json))
	_, oracle := d.ReadValue()
	if oracle == nil {
		if _, end := d.ReadValue(); end != io.EOF {
			oracle = errors.New("more follows")
		}
	}
	if (err == nil) != (oracle == nil) {
		t.Fatalf("%q: %v here, %v for jsontext", json, err, oracle)
	}
	if err == nil && !(stdjson.Valid(json) && utf8.Valid(json)) {
		t.Fatalf("%q is accepted and not valid", json)
	}
	if parsed == nil && err != nil {
		t.Fatalf("%q parses and does not scan: %v", json, err)
	}
}
