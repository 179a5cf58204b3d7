package fhir

import (
	"testing"

	"phivault/vault/synth"
)

// sameOutline holds OutlineOf to what Parse says of the same bytes.
func sameOutline(t testing.TB, json []byte) {
	t.Helper()
	r, err := Parse(json, nil)
	if err != nil {
		return
	}
	o, err := OutlineOf(json)
	if err != nil || o != (Outline{r.Type, r.ID, r.Date}) {
		t.Errorf("%q, parsed %q %q %q: %v: %s", o, r.Type, r.ID, r.Date, err, json)
	}
}

func TestAnOutlineIsWhatParseSays(t *testing.T) {
	for _, s := range []string{
		`{"resourceType":"Patient","id":"a","birthDate":"1980-02"}`,
		"\n { \"id\" : \"a\" ,\r\n\t\"resourceType\"\n:\"Observation\", \"effectivePeriod\": {\"end\":\"2024\",\"start\":\"2023-01-02\"} } \n",
		`{"resourceType":"Observation","effectiveDateTime":"2024-05-06","id":"x\u0031"}`,
		`{"resourceTyp\u0065":"Observation","i\u0064":"b","effectiveD\u0061teTime":"2024-05-06"}`,
		`{"note":"a \"quoted\" {[ \\","resourceType":"Condition","onsetDateTime":null,"recordedDate":"2020-01-01","n":-1.5e3,"t":true}`,
		`{"contained":[{"resourceType":"Patient","id":"no","birthDate":"1900"}],"resourceType":"Encounter","period":[{"start":"2001"}],"e":[],"o":{}}`,
		`{"resourceType":"Thing","id":"none"}`,
		`{}`, `{"resourceType":""}`, `[]`, ``,
	} {
		sameOutline(t, []byte(s))
	}
	for b := range synth.New(synth.Options{Seed: 4, Records: 3000}).Resources() {
		sameOutline(t, b)
	}
}

func FuzzOutline(f *testing.F) {
	for b := range synth.New(synth.Options{Seed: 5, Records: 40}).Resources() {
		f.Add(append([]byte(nil), b...))
	}
	for _, s := range []string{`{"a":]}`, `{"a":}`, `{"a":[}`, `{"`, `{"\`, `{"a":"\`, `{"id":"a"]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, _ = OutlineOf(b)
		sameOutline(t, b)
	})
}

func BenchmarkOutline(b *testing.B) {
	var all [][]byte
	for j := range synth.New(synth.Options{Seed: 4, Records: 2000}).Resources() {
		all = append(all, append([]byte(nil), j...))
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := OutlineOf(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}
