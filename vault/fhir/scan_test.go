package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"phivault/vault"
)

func TestBrokenInputIsRefused(t *testing.T) {
	tests := []struct {
		name, json, reason string
		offset             int64
	}{
		{"nothing", "", "it is empty", 0},
		{"white space", " \n", "it is empty", 2},
		{"cut short", `{"resourceType":"Patient","name":[{"family":"Canary"`, "it ends too early", 52},
		{"cut in a string", `{"resourceType":"Patient","id":"Cana`, "it ends too early", 36},
		{"comment before", "// Canary\n{}", "comments are not JSON", 0},
		{"comment inside", `{"resourceType":"Patient" /* Canary */}`, "comments are not JSON", 26},
		{"comment after", `{"resourceType":"Patient"} // Canary`, "comments are not JSON", 27},
		{"second value", `{"resourceType":"Patient"} {"Canary":1}`, "something follows after its end", 27},
		{"text after", `{"resourceType":"Patient"}Canary`, "something follows after its end", 26},
		{"NUL after", "{\"resourceType\":\"Patient\"}\x00", "something follows after its end", 26},
		{"byte order mark", "\xef\xbb\xbf" + `{"resourceType":"Patient"}`, "it begins with a byte order mark", 0},
		{"UTF-16", "\xff\xfe{\x00}\x00", "the text is not valid UTF-8", 0},
		{"name without quotes", `{resourceType:"Canary"}`, "a member name is not in double quotes", 1},
		{"number as name", `{1:"Canary"}`, "a member name is not in double quotes", 1},
		{"missing comma", `{"resourceType":"Patient" "id":"Canary"}`, "a comma or a closing bracket is missing", 26},
		{"wrong bracket", `{"resourceType":"Patient","a":["Canary"}}`, "a comma or a closing bracket is missing", 39},
		{"trailing comma", `{"resourceType":"Patient",}`, "it is not valid JSON", 25},
		{"single quotes", `{'resourceType':'Canary'}`, "a member name is not in double quotes", 1},
		{"NaN", `{"resourceType":"Observation","v":NaN}`, "it is not valid JSON", 34},
		{"Infinity", `{"resourceType":"Observation","v":-Infinity}`, "a number is not written as JSON asks", 35},
		{"leading zero", `{"resourceType":"Observation","v":01}`, "a comma or a closing bracket is missing", 35},
		{"bare fraction", `{"resourceType":"Observation","v":1.}`, "a number is not written as JSON asks", 36},
		{"plus sign", `{"resourceType":"Observation","v":+1}`, "it is not valid JSON", 34},
		{"name twice", `{"resourceType":"Patient","Canary":1,"Canary":2}`, "a member name occurs twice in one object", 37},
		{"name twice, deep", `{"resourceType":"Patient","x":[{"y":{"Canary":1,"b":2,"Canary":1}}]}`, "a member name occurs twice in one object", 54},
		{"name twice, escaped", `{"resourceType":"Patient","Canary":1,"\u0043anary":2}`, "a member name occurs twice in one object", 37},
		{"bad UTF-8", "{\"resourceType\":\"Patient\",\"a\":\"Canary\xff\"}", "the text is not valid UTF-8", 37},
		{"overlong UTF-8", "{\"resourceType\":\"Patient\",\"a\":\"\xc0\xaf\"}", "the text is not valid UTF-8", 31},
		{"surrogate in UTF-8", "{\"resourceType\":\"Patient\",\"a\":\"\xed\xa0\x80\"}", "the text is not valid UTF-8", 31},
		{"half a surrogate pair", `{"resourceType":"Patient","a":"\ud83dCanary"}`, "a string has an invalid escape or half a surrogate pair", 31},
		{"surrogates swapped", `{"resourceType":"Patient","a":"\ude00\ud83d"}`, "a string has an invalid escape or half a surrogate pair", 31},
		{"unknown escape", `{"resourceType":"Patient","a":"\q"}`, "a string has an invalid escape or half a surrogate pair", 31},
		{"control character", "{\"resourceType\":\"Patient\",\"a\":\"x\ny\"}", "a string has a bare control character", 32},
		{"array", `["Canary"]`, "it is not a JSON object", 0},
		{"string", `"Canary"`, "it is not a JSON object", 1},
		{"no type", `{"id":"Canary"}`, "it has no resourceType, so it is no FHIR resource", 0},
		{"null type", `{"resourceType":null}`, "it has no resourceType, so it is no FHIR resource", 0},
		{"number as type", `{"resourceType":5}`, "its resourceType is not a name of letters", 16},
		{"path as type", `{"resourceType":"Canary/../x"}`, "its resourceType is not a name of letters", 17},
		{"lower-case type", `{"resourceType":"canary"}`, "its resourceType is not a name of letters", 17},
		{"long type", `{"resourceType":"` + strings.Repeat("A", 65) + `"}`, "its resourceType is not a name of letters", 17},
		{"empty id", `{"resourceType":"Patient","id":""}`, "its id is not 1 to 64 letters, digits, - and .", 32},
		{"null id", `{"resourceType":"Patient","id":null}`, "its id is not 1 to 64 letters, digits, - and .", 31},
		{"number as id", `{"resourceType":"Patient","id":7}`, "its id is not 1 to 64 letters, digits, - and .", 31},
		{"id with a slash", `{"resourceType":"Patient","id":"../Canary"}`, "its id is not 1 to 64 letters, digits, - and .", 32},
		{"long id", `{"resourceType":"Patient","id":"` + strings.Repeat("a", 65) + `"}`, "its id is not 1 to 64 letters, digits, - and .", 32},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(test.json), nil)
			var s *SyntaxError
			if !errors.As(err, &s) {
				t.Fatalf("got %v", err)
			}
			if s.Reason != test.reason || s.Offset != test.offset {
				t.Errorf("got %q at %d, want %q at %d", s.Reason, s.Offset, test.reason, test.offset)
			}
			if strings.Contains(err.Error(), "anary") {
				t.Errorf("the error quotes the input: %v", err)
			}
			if errors.Is(err, vault.ErrLimit) {
				t.Error("broken input passes for a limit")
			}
		})
	}
}

func TestDepthHasALimit(t *testing.T) {
	nested := func(n int) []byte {
		return []byte(`{"resourceType":"Basic","x":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + "}")
	}
	if _, err := Parse(nested(128), nil); err != nil {
		t.Errorf("128 levels: %v", err)
	}
	for _, n := range []int{129, 100_000, 5_000_000} {
		if _, err := Parse(nested(n), nil); !errors.Is(err, vault.ErrLimit) {
			t.Errorf("%d levels: %v", n, err)
		}
	}
	if _, err := Parse([]byte(`{"resourceType":"Basic","x":`+strings.Repeat(`{"a":`, 5_000_000)), nil); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("unclosed objects: %v", err)
	}
	if _, err := (Options{Depth: 3}).Parse(nested(4), nil); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("a lower limit: %v", err)
	}
}

// A reading that is not linear does not end on these.
func TestLargeInputIsReadInLinearTime(t *testing.T) {
	scale := 1 // of what would hurt if it were squared
	if os.Getenv("PHIVAULT_SLOW") != "" {
		scale = 5
	}
	var many, nested, equal bytes.Buffer
	many.WriteString(`{"resourceType":"Basic"`)
	for i := range scale * 200_000 {
		fmt.Fprintf(&many, `,"m%d":%d`, i, i)
	}
	many.WriteString("}")
	// Each object around the large one has a member after it that looks for its siblings.
	nested.WriteString(`{"resourceType":"Basic","x":`)
	nested.WriteString(strings.Repeat(`{"a":`, 120) + "[0" + strings.Repeat(",0", scale*100_000) + "]")
	nested.WriteString(strings.Repeat(`,"data":"eA==","contentType":"text/plain"}`, 120) + "}")
	equal.WriteString(`{"resourceType":"Basic","x":["`)
	equal.WriteString(strings.Repeat(`word","`, scale*200_000) + `"]}`)
	for name, json := range map[string][]byte{
		"many members":        many.Bytes(),
		"nested attachments":  nested.Bytes(),
		"many equal strings":  equal.Bytes(),
		"a string of 16 MiB":  []byte(`{"resourceType":"Basic","x":"` + strings.Repeat("word ", 16<<20/5) + `"}`),
		"16 MiB of escapes":   []byte(`{"resourceType":"Basic","x":"` + strings.Repeat(`\u0041`, 16<<20/6) + `"}`),
		"16 MiB of open tags": []byte(`{"resourceType":"Basic","text":{"div":"` + strings.Repeat(`<a `, 16<<20/3) + `"}}`),
		"a number of 16 MiB":  []byte(`{"resourceType":"Observation","valueInteger":` + strings.Repeat("1", 16<<20) + `}`),
		"many codings": []byte(`{"resourceType":"Observation","code":{"coding":[` +
			strings.Repeat(`{"code":"x"},`, scale*100_000) + `{}]}}`),
		"many names": []byte(`{"resourceType":"Patient","name":[` + strings.Repeat(`{"family":"x"},`, scale*80_000) + `{}]}`),
	} {
		r, err := Parse(json, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(r.Text) > maxText || len(r.Title) > maxLine+8 || len(r.Value) > maxLine+8 || len(r.Codings) > maxCodes {
			t.Errorf("%s: the view has no bounds", name)
		}
		if lines := View(&r); len(lines) > maxLines+1 {
			t.Errorf("%s: %d lines", name, len(lines))
		}
		if _, err := Canonical(json); err != nil {
			t.Errorf("%s: canonical: %v", name, err)
		}
	}
	flood := []byte(`{"resourceType":"Basic","x":[0` + strings.Repeat(",0", maxNodes) + `]}`)
	if _, err := Parse(flood, nil); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("a flood of values: %v", err)
	}
}

func TestScratchKeepsNothing(t *testing.T) {
	s := newScratch()
	d, err := s.scan([]byte(`{"resourceType":"Basic","x":"Canary \u0041","contentType":"text/plain","data":"Q2FuYXJ5"}`), 0)
	if err != nil {
		t.Fatal(err)
	}
	r := vault.Resource{Title: "Canary"}
	if text := s.text.collect(&d, &r, nil); !strings.Contains(text, "Canary A") {
		t.Fatalf("got %q", text)
	}
	bufs := [][]byte{s.text.buf, s.text.tmp, s.text.note}
	s.free()
	for i, b := range bufs {
		if b = b[:cap(b)]; len(b) == 0 || len(bytes.Trim(b, "\x00")) > 0 {
			t.Errorf("buffer %d holds %d bytes, not all of them wiped", i, len(b))
		}
	}
}

func TestCutsStandInEmptyStrings(t *testing.T) {
	json := []byte(`{"resourceType":"Binary","contentType":"","data":"","x":"a","":0}`)
	at := func(s string) int64 { return int64(bytes.Index(json, []byte(s)) + len(s)) }
	data, kind := at(`"data":"`), at(`"contentType":"`)
	for _, test := range []struct {
		name string
		cuts []vault.Cut
		ok   bool
	}{
		{"in place", []vault.Cut{{Offset: data, Size: 9}}, true},
		{"two in order", []vault.Cut{{Offset: kind}, {Offset: data}}, true},
		{"two out of order", []vault.Cut{{Offset: data}, {Offset: kind}}, false},
		{"twice", []vault.Cut{{Offset: data}, {Offset: data}}, false},
		{"outside a string", []vault.Cut{{Offset: data + 1}}, false},
		{"in a full string", []vault.Cut{{Offset: at(`"x":"`)}}, false},
		{"in a name", []vault.Cut{{Offset: at(`"a","`)}}, false},
		{"before the start", []vault.Cut{{Offset: -1}}, false},
		{"behind the end", []vault.Cut{{Offset: int64(len(json))}}, false},
		{"of negative size", []vault.Cut{{Offset: data, Size: -1}}, false},
	} {
		r, err := Parse(json, test.cuts)
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
		if err == nil && len(r.Cuts) != len(test.cuts) {
			t.Errorf("%s: cuts are lost", test.name)
		}
	}
}
