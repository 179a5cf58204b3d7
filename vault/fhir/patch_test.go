package fhir

import (
	"encoding/json"
	"errors"
	"testing"
)

func TestAPatchChangesItsPlaceAndNothingElse(t *testing.T) {
	const compact = `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"b"}]},"zero":0.10}`
	const laid = "{\n  \"resourceType\": \"Basic\",\n  \"id\" : \"x\",\n  \"list\": [ 1.0 ,  2.00 ]\n}\n"
	for _, c := range []struct{ name, in, path, value, want string }{
		{"a number", compact, "valueQuantity.value", "6.40", `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.40,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"b"}]},"zero":0.10}`},
		{"a string in an array", compact, "code.coding.1.code", `"c"`, `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"c"}]},"zero":0.10}`},
		{"an array", compact, "code.coding", `[]`, `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[]},"zero":0.10}`},
		{"a new member", compact, "status", `"final"`, compact[:len(compact)-1] + `,"status":"final"}`},
		{"what is missing above", compact, "note.0.text", `"n"`, compact[:len(compact)-1] + `,"note":[{"text":"n"}]}`},
		{"one element more", compact, "code.coding.2.code", `"c"`, `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"b"},{"code":"c"}]},"zero":0.10}`},
		{"the first taken away", compact, "code.coding.0", "", `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"b"}]},"zero":0.10}`},
		{"the last taken away", compact, "zero", "", `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"_value":{"id":"e"},"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"b"}]}}`},
		{"one between taken away", compact, "valueQuantity._value", "", `{"resourceType":"Observation","id":"x","valueQuantity":{"value":6.30,"unit":"%"},"code":{"coding":[{"code":"a"},{"code":"b"}]},"zero":0.10}`},
		{"the only one taken away", `{"a":{"b":1}}`, "a.b", "", `{"a":{}}`},
		{"what is not there", compact, "note", "", compact},
		{"into nothing", `{}`, "a.b", "1", `{"a":{"b":1}}`},
		{"layout", laid, "status", `"final"`, "{\n  \"resourceType\": \"Basic\",\n  \"id\" : \"x\",\n  \"list\": [ 1.0 ,  2.00 ],\n  \"status\": \"final\"\n}\n"},
		{"layout of a list", laid, "list.2", `3`, "{\n  \"resourceType\": \"Basic\",\n  \"id\" : \"x\",\n  \"list\": [ 1.0 ,  2.00, 3 ]\n}\n"},
		{"the end of a layout", laid, "list", "", "{\n  \"resourceType\": \"Basic\",\n  \"id\" : \"x\"\n}\n"},
		{"an escaped name", `{"\u0061":1}`, "a", "2", `{"\u0061":2}`},
	} {
		var value json.RawMessage
		if c.value != "" {
			value = json.RawMessage(c.value)
		}
		got, err := Apply([]byte(c.in), Patch{c.path, value})
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.name, err, got, c.want)
		}
	}
	for _, path := range []string{"code.0", "valueQuantity.value.x", "code.coding.code", "code.coding.7", "id.0"} {
		if _, err := Apply([]byte(compact), Patch{path, json.RawMessage("1")}); !errors.Is(err, ErrPath) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func FuzzApply(f *testing.F) {
	f.Add(`{"a":[{"b":1},2],"c":{"d":"e"}}`, "a.0.b", true)
	f.Add("{ \"a\" : [ ] }", "a.0", false)
	f.Add(`{"a":1}`, "b.0.c", false)
	f.Fuzz(func(t *testing.T, in, path string, remove bool) {
		value := json.RawMessage(`"new"`)
		if remove {
			value = nil
		}
		got, err := Apply([]byte(in), Patch{path, value})
		if (err == nil) != (got != nil) && in != "" {
			t.Fatal("both or neither")
		}
		if err == nil && !json.Valid(got) {
			t.Fatalf("%q at %q becomes %q", in, path, got)
		}
	})
}
