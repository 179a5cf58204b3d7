package fhir

import (
	"reflect"
	"testing"

	"phivault/vault/synth"
)

// sameAccepted holds the quick reading of accepted text to the strict one.
func sameAccepted(t testing.TB, json []byte) {
	t.Helper()
	quick, quickErr := Options{Accepted: true}.Parse(json, nil)
	strict, err := Parse(json, nil)
	if err == nil && (quickErr != nil || !reflect.DeepEqual(quick, strict)) {
		t.Errorf("%+v, strictly %+v: %v", quick, strict, quickErr)
	}
}

// The quick reading is really taken, and gives what the strict one gives.
func TestWhatWasAcceptedReadsTheSame(t *testing.T) {
	n := 0
	for b := range synth.New(synth.Options{Seed: 8, Records: 2000}).Resources() {
		json := append([]byte(nil), b...)
		sameAccepted(t, json)
		s := newScratch()
		end, ok := s.accepted(json, 128)
		quick := append([]node(nil), s.nodes...)
		s.nodes = s.nodes[:0]
		strict, err := s.scan(json, 128)
		if !ok || end != len(json) || err != nil || !reflect.DeepEqual(quick, strict.nodes) {
			t.Fatalf("record %d: quick %v to %d of %d, strict %v", n, ok, end, len(json), err)
		}
		s.free()
		n++
	}
	for _, s := range []string{`{ "resourceType" : "Basic" , "a\u0062" : [ 1 , -2.50e+1 , true , false , null , "x\"y\\" , { } , [ ] ] , "id" : "q" } `,
		`{"resourceType":"Basic","contained":[{"a":[[{}]]}],"id":"a"}`} {
		sameAccepted(t, []byte(s))
	}
}

// FuzzAccepted: of text that was not accepted the quick reading gives a resource or
// an error, and never fails in another way.
func FuzzAccepted(f *testing.F) {
	for b := range synth.New(synth.Options{Seed: 9, Records: 40}).Resources() {
		f.Add(append([]byte(nil), b...))
	}
	for _, s := range []string{`{"a":}`, `{"a" 1}`, `{"a":1]`, `[{]}`, `"`, `{"\`, `{"\u":"\q"}`, `{"a":"\`, `-`, `{"resourceType":"Basic","x":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameAccepted(t, b) })
}

func BenchmarkAccepted(b *testing.B) {
	var all [][]byte
	for j := range synth.New(synth.Options{Seed: 4, Records: 2000}).Resources() {
		all = append(all, append([]byte(nil), j...))
	}
	for _, c := range []struct {
		name string
		o    Options
	}{{"strict", Options{}}, {"accepted", Options{Accepted: true}}} {
		b.Run(c.name, func(b *testing.B) {
			for i := range b.N {
				if _, err := c.o.Parse(all[i%len(all)], nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
