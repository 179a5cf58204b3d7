package main

import (
	"encoding/json"
	"strings"
	"testing"

	"phivault/tui/plain"
	"phivault/vault/fhir"
)

func TestSpotsAreTheSimpleFieldsInTheirPlaces(t *testing.T) {
	b := []byte(`{"resourceType":"Observation","id":"x","status" : "final", "code":{"text":"a"},
 "valueQuantity": {"value": 6.30 ,"unit":"%"},"flag":true,"list":[1,{"a":2}],"name":"\u0041\u00e9"}`)
	spots, err := spotsOf(b)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range spots {
		got = append(got, s.name+"="+s.text+"="+string(b[s.start:s.end]))
	}
	want := `status=final="final" valueQuantity.value=6.30=6.30 valueQuantity.unit=%="%" flag=true=true name=Aé="\u0041\u00e9"`
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}

func FuzzSpots(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","id":"1","active":true,"valueQuantity":{"value":1.0}}`))
	f.Add([]byte(`{"a"`))
	f.Add([]byte(`{"a":[{}],"b":"c"`))
	f.Fuzz(func(t *testing.T, b []byte) {
		spots, err := spotsOf(b)
		if _, perr := fhir.Parse(b, nil); perr != nil {
			return // refused long before; it must not crash
		}
		if err != nil {
			t.Fatal(err)
		}
		at := int64(0)
		for _, s := range spots {
			if s.start < at || s.end <= s.start || s.end > int64(len(b)) {
				t.Fatalf("%s at %d to %d of %d", s.name, s.start, s.end, len(b))
			}
			at = s.end
			if !json.Valid(b[s.start:s.end]) {
				t.Fatalf("%s is %q", s.name, b[s.start:s.end])
			}
		}
	})
}

func FuzzReadable(f *testing.F) {
	f.Add([]byte(`{"resourceType":"Patient","text":{"div":"<div>a<b</div>"},"name":[{"given":["x\u001b"]}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := fhir.Parse(b, nil)
		if err != nil {
			return
		}
		out, seen := paper(true, 60)
		if err := writeLines(out, fhir.View(&r)); err != nil {
			t.Fatal(err)
		}
		out.flush()
		for _, r := range seen.String() {
			if r != '\n' && plain.Unsafe(r) {
				t.Fatalf("%U is on the terminal", r)
			}
		}
	})
}
