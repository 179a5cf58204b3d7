package fhir

import (
	"bytes"
	stdjson "encoding/json"
	"errors"
	"strings"
	"testing"

	"phivault/vault"
)

func TestCanonical(t *testing.T) {
	for in, want := range map[string]string{
		` { "b" : 1 , "a" : [ true , null , { } ] } `: `{"a":[true,null,{}],"b":1}`,
		`{"n":1.00,"m":1e+2,"o":-0}`:                  `{"m":1e+2,"n":1.00,"o":-0}`,
		`{"b":1,"\u0061":2}`:                          `{"a":2,"b":1}`,
		`"\u00e9\/\u0041\ud83d\ude00"`:                `"é/A😀"`,
		`"\"\\\b\f\n\r\t\u0000\u001F\u007f"`:          `"\"\\\b\f\n\r\t\u0000\u001f` + "\x7f" + `"`,
		`{"é":1,"z":2,"Z":3,"":4,"aa":5,"a":6}`:       `{"":4,"Z":3,"a":6,"aa":5,"z":2,"é":1}`,
		`[[],[[]]]`:                                   `[[],[[]]]`,
		`7`:                                           `7`,
	} {
		got, err := Canonical([]byte(in))
		if err != nil || string(got) != want {
			t.Errorf("%s gives %s, %v; want %s", in, got, err, want)
		}
	}
	for _, bad := range []string{``, `{"a":1,"a":2}`, `{`, `"` + "\xff" + `"`, `1 2`} {
		var s *SyntaxError
		if got, err := Canonical([]byte(bad)); !errors.As(err, &s) || got != nil {
			t.Errorf("%q: %s, %v", bad, got, err)
		}
	}
}

func TestContentHash(t *testing.T) {
	hash := func(json string, cuts ...vault.Cut) vault.Hash {
		t.Helper()
		h, err := ContentHash([]byte(json), cuts)
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	if hash(`{"a":1,"b":"\u0078"}`) != hash(` {"b":"x", "a":1}`) {
		t.Error("the order of members or their spelling counts")
	}
	if hash(`{"a":1.0}`) == hash(`{"a":1.00}`) || hash(`[1,2]`) == hash(`[2,1]`) {
		t.Error("the digits or the order of values do not count")
	}
	cut := func(offset, size int64, sum byte) vault.Cut {
		return vault.Cut{Offset: offset, Size: size, SHA256: vault.Hash{sum}}
	}
	of := map[vault.Hash]string{}
	for name, h := range map[string]vault.Hash{
		"no cut":       hash(`{"a":"","b":""}`),
		"first":        hash(`{"a":"","b":""}`, cut(6, 9, 1)),
		"second":       hash(`{"a":"","b":""}`, cut(13, 9, 1)),
		"other blob":   hash(`{"a":"","b":""}`, cut(6, 9, 2)),
		"other size":   hash(`{"a":"","b":""}`, cut(6, 8, 1)),
		"both":         hash(`{"a":"","b":""}`, cut(6, 9, 1), cut(13, 9, 2)),
		"both swapped": hash(`{"a":"","b":""}`, cut(6, 9, 2), cut(13, 9, 1)),
	} {
		if other, ok := of[h]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		of[h] = name
	}
	if hash(`{"a":"","b":""}`, cut(6, 9, 1)) != hash(`{"b":"", "a":""}`, cut(14, 9, 1)) {
		t.Error("a cut moves the hash with its place in the bytes")
	}
	if _, err := ContentHash([]byte(`{"a":"x"}`), []vault.Cut{cut(6, 1, 1)}); err == nil {
		t.Error("a cut in a full string has a hash")
	}
}

func TestContainedGivesTheBytes(t *testing.T) {
	json := []byte(`{"resourceType":"Claim","contained":[{"resourceType":"Patient","id":"p" , "n": 1.0},{"id":"twice"},{"id":"twice"},7]}`)
	raw, ok := Contained(json, "p")
	if !ok || string(raw) != `{"resourceType":"Patient","id":"p" , "n": 1.0}` {
		t.Errorf("got %s, %v", raw, ok)
	}
	if cap(raw) != len(raw) {
		t.Error("an append would write into the resource")
	}
	for _, id := range []string{"", "q", "twice"} {
		if raw, ok := Contained(json, id); ok {
			t.Errorf("%q gives %s", id, raw)
		}
	}
	if _, ok := Contained([]byte(`{"contained":[{"id":"p"}]`), "p"); ok {
		t.Error("broken JSON contains something")
	}
}

func FuzzCanonical(f *testing.F) {
	for _, s := range []string{`{"b":1.00,"a":[null,"\ud83d\ude00\n",{"x":{}}]}`, `"\u007f"`, `[1,2]`, `{"a":1,"a":2}`, `{"":{"\u0000":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, json []byte) {
		got, err := Canonical(json)
		if err != nil {
			if got != nil {
				t.Fatal("bytes come with an error")
			}
			return
		}
		again, err := Canonical(got)
		if err != nil || !bytes.Equal(got, again) {
			t.Fatalf("%s became %s, %v", got, again, err)
		}
		// The standard library's reading is the same, numbers kept as text.
		if a, b := reread(t, json), reread(t, got); a != b {
			t.Fatalf("%s means %s, its canonical form %s", json, a, b)
		}
	})
}

func reread(t *testing.T, json []byte) string {
	d := stdjson.NewDecoder(bytes.NewReader(json))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", json, err)
	}
	var b strings.Builder
	if err := stdjson.NewEncoder(&b).Encode(v); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
