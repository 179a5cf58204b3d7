package fhir

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"phivault/vault/synth"
)

// readings are what strictly and values make of json.
func readings(json []byte, depth int) (quick, slow []node, end int, ok bool, err error) {
	s := newScratch()
	defer s.free()
	s.open, s.nodes = s.open[:0], s.nodes[:0]
	end, ok = s.strictly(json, depth)
	quick = append([]node(nil), s.nodes...)
	s.open, s.nodes = s.open[:0], s.nodes[:0]
	s.dec.Reset(bytes.NewBuffer(json))
	if err = s.values(json, depth); err == nil && ok && end != int(s.dec.InputOffset()) {
		end = -1
	}
	return quick, append([]node(nil), s.nodes...), end, ok, err
}

func sameStrictly(t testing.TB, json []byte, depth int) (taken bool) {
	t.Helper()
	quick, slow, end, ok, err := readings(json, depth)
	switch {
	case !ok:
	case err != nil:
		t.Errorf("%q was taken, and is refused: %v", json, err)
	case end < 0 || !reflect.DeepEqual(quick, slow):
		t.Errorf("%q ends at %d, %v, want %v", json, end, quick, slow)
	}
	return ok
}

func TestTheQuickStrictReadingIsTheStrictOne(t *testing.T) {
	n := 0
	for b := range synth.New(synth.Options{Seed: 8, Records: 2000}).Resources() {
		if !sameStrictly(t, b, 128) {
			t.Fatalf("record %d is left to the slow reading", n)
		}
		n++
	}
	many := `{"a0":0`
	for i := range 200 {
		many += `,"a` + strings.Repeat("b", i+1) + `":1`
	}
	for _, tt := range []struct {
		json  string
		taken bool
	}{
		{`{}`, true}, {` { "a" : [ ] , "b" : { } , "c" : [ 1 , -0.5e+10 , 0 , "x\"y" , true , false , null , [ [ ] ] , { "a" : 0 } ] } `, true},
		{`[1,2]`, true}, {`{"é":"ü\u00e9\ud83d\ude00"}`, true}, {`{"a":1,"b":{"a":1}}`, true}, {`{"a":1}x`, true},
		{`{"a":1,}`, false}, {`[1,]`, false}, {`[,1]`, false}, {`{,"a":1}`, false}, {`{"a":1,,"b":2}`, false}, {`{"a" 1}`, false}, {`{"a":}`, false}, {`{"a"}`, false},
		{`{"a":1]`, false}, {`[1}`, false}, {`[`, false}, {`{"a":1`, false}, {`{"a":"x`, false}, {`{"a":"x\`, false}, {`{"a":"\q"}`, false}, {`{"a":"\ud800"}`, false},
		{`{"a":01}`, false}, {`{"a":1.}`, false}, {`{"a":.5}`, false}, {`{"a":+1}`, false}, {`{"a":1e}`, false}, {`{"a":-}`, false}, {`{"a":1x}`, false},
		{`{"a":tru}`, false}, {`{"a":True}`, false}, {`{"a":nulll}`, false}, {`{"a":1 2}`, false}, {`{'a':1}`, false}, {`{a:1}`, false},
		{"{\"a\":\"\x01\"}", false}, {"{\"a\":\"\xff\"}", false}, {"{\"\xff\":1}", false}, {`{"a":1,"a":2}`, false}, {`{"a":1,"\u0061":2}`, false},
		{`1`, false}, {``, false}, {` `, false}, {`{"a":[[[[1]]]]}`, false}, {many + "}", false},
	} {
		if got := sameStrictly(t, []byte(tt.json), 4); got != tt.taken {
			t.Errorf("%s: taken is %v", tt.json, got)
		}
	}
}

// FuzzStrictly: what the quick reading takes, the slow one takes, and the same.
func FuzzStrictly(f *testing.F) {
	for b := range synth.New(synth.Options{Seed: 9, Records: 40}).Resources() {
		f.Add(append([]byte(nil), b...))
	}
	for _, s := range []string{`{"a":1,"a":2}`, `{"a":1,"b":[1,{"c":-0.1e5}]}`, `["\u0041\n",true]`, "[\"\xc3\xa9\"]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameStrictly(t, b, 20) })
}
