package fhirjson_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

// space draws white space; breaks allows line breaks in it.
func space(t *rapid.T, breaks bool) string {
	all := []string{"", "", "", " ", "\t", "  "}
	if breaks {
		all = append(all, "\n", "\r\n", "\n\t ")
	}
	return rapid.SampledFrom(all).Draw(t, "space")
}

func text(t *rapid.T) string {
	return `"` + rapid.SampledFrom([]string{"", "a", `\"`, `\\`, `}`, `[{`, `\u00e9`, "é", "\u2028", `\n`, "//", strings.Repeat("x", 700)}).Draw(t, "text") + `"`
}

// value draws a JSON value.
func value(t *rapid.T, depth int, breaks bool) string {
	switch n := rapid.IntRange(0, 6).Draw(t, "kind"); {
	case depth == 0 || n < 3:
		return rapid.SampledFrom([]string{"1", "-0.10", "1.20e+5", "true", "null", text(t)}).Draw(t, "scalar")
	case n < 5:
		return object(t, depth, breaks, nil)
	default:
		var b strings.Builder
		for i := range rapid.IntRange(0, 3).Draw(t, "elements") {
			if i > 0 {
				b.WriteString("," + space(t, breaks))
			}
			b.WriteString(value(t, depth-1, breaks))
		}
		return "[" + space(t, breaks) + b.String() + space(t, breaks) + "]"
	}
}

// object draws an object that has the members given and others, in any order.
func object(t *rapid.T, depth int, breaks bool, members []string) string {
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		members = append(members, fmt.Sprintf(`"m%d"%s:%s%s`, i, space(t, breaks), space(t, breaks), value(t, depth-1, breaks)))
	}
	members = rapid.Permutation(members).Draw(t, "order")
	var b strings.Builder
	for i, m := range members {
		if i > 0 {
			b.WriteString(space(t, breaks) + "," + space(t, breaks))
		}
		b.WriteString(m)
	}
	return "{" + space(t, breaks) + b.String() + space(t, breaks) + "}"
}

func aResource(t *rapid.T, breaks bool) string {
	return object(t, 3, breaks, []string{`"resourceType":"Basic"`})
}

// cutByJSONText cuts the resources out of a valid Bundle by means of jsontext.
func cutByJSONText(t *rapid.T, in string) (resources, urls []string) {
	top := members(t, jsontext.Value(in))
	dec := jsontext.NewDecoder(bytes.NewReader(top["entry"]))
	if _, err := dec.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		e := members(t, v.Clone())
		url, _ := jsontext.AppendUnquote(nil, e["fullUrl"])
		resources, urls = append(resources, string(e["resource"])), append(urls, string(url))
	}
	return resources, urls
}

func members(t *rapid.T, v jsontext.Value) map[string]jsontext.Value {
	dec, m := jsontext.NewDecoder(bytes.NewReader(v)), map[string]jsontext.Value{}
	if _, err := dec.ReadToken(); err != nil {
		t.Fatal(err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			t.Fatal(err)
		}
		key := name.String()
		v, err := dec.ReadValue()
		if err != nil {
			t.Fatal(err)
		}
		m[key] = v.Clone()
	}
	return m
}

func TestBundlesAreCutAsJSONTextCutsThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var entries []string
		for range rapid.IntRange(1, 5).Draw(t, "entries") {
			entries = append(entries, object(t, 1, true, []string{`"resource":` + space(t, true) + aResource(t, true), `"fullUrl":` + text(t)}))
		}
		in := object(t, 2, true, []string{`"resourceType":"Bundle"`, `"entry":[` + strings.Join(entries, ",\n") + `]`})
		want, urls := cutByJSONText(t, in)
		got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", strings.NewReader(space(t, true)+in+space(t, true)), vault.DecodeOptions{}))
		if err != nil || len(got.Refusals) > 0 || got.Err != nil {
			t.Fatalf("%v %v %v", err, got.Refusals, got.Err)
		}
		var cut, full []string
		for _, it := range got.Items {
			cut, full = append(cut, string(it.Resource.JSON)), append(full, it.FullURL)
		}
		if !slices.Equal(cut, want) || !slices.Equal(full, urls) {
			t.Fatalf("got\n%q\nwant\n%q", cut, want)
		}
	})
}

func TestWhatIsWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in, lines []string
		var b, n bytes.Buffer
		bundle, ndjson := fhirjson.NewBundle(&b, nil, fhirjson.BundleOptions{}), fhirjson.NewNDJSON(&n, nil)
		for i := range rapid.IntRange(0, 5).Draw(t, "records") {
			text := aResource(t, rapid.Bool().Draw(t, "breaks"))
			line := text
			if strings.ContainsAny(text, "\r\n") {
				v := jsontext.Value(text)
				if err := v.Compact(jsontext.PreserveRawStrings(true), jsontext.CanonicalizeRawInts(false)); err != nil {
					t.Fatal(err)
				}
				line = string(v)
			}
			in, lines = append(in, text), append(lines, line)
			r := record(text, byte(i))
			for _, e := range []vault.Encoder{bundle, ndjson} {
				if err := e.Encode(context.Background(), r); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, e := range []vault.Encoder{bundle, ndjson} {
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		for _, tt := range []struct {
			r    io.Reader
			want []string
		}{{&b, in}, {&n, lines}} {
			if tt.r == &n && len(in) == 0 {
				continue // an empty file is refused as such
			}
			got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", tt.r, vault.DecodeOptions{}))
			if err != nil || len(got.Refusals) > 0 {
				t.Fatalf("%v %v", err, got.Refusals)
			}
			var back []string
			for _, it := range got.Items {
				back = append(back, string(it.Resource.JSON))
			}
			if !slices.Equal(back, tt.want) {
				t.Fatalf("got\n%q\nwant\n%q", back, tt.want)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	for _, d := range documents {
		f.Add([]byte(d.in), false)
		f.Add([]byte(d.in), true)
	}
	f.Add([]byte(`{"resourceType":"Binary","data":"`+base(60_000)+`"}`), true)
	f.Fuzz(func(t *testing.T, in []byte, lines bool) {
		c := fhirjson.JSON()
		if lines {
			c = fhirjson.NDJSON()
		}
		summary := func(r io.Reader) (codectest.Result, string) {
			var blobs codectest.Blobs
			got, err := codectest.Read(c.Decode(context.Background(), "f", r, vault.DecodeOptions{Blobs: &blobs}))
			if err != nil || got.Err != nil || blobs.Open() != 0 {
				t.Fatalf("%v, %v, %d open", err, got.Err, blobs.Open())
			}
			for _, it := range got.Items {
				whole, err := codectest.Whole(&blobs, &it.Resource)
				if err != nil || !bytes.Contains(in, whole) {
					t.Fatalf("a resource is not the bytes of the file (%v)", err)
				}
				if !jsontext.Value(whole).IsValid() {
					t.Fatal("a resource is not strict JSON")
				}
			}
			var b strings.Builder
			if err := got.Summary(&b, &blobs); err != nil {
				t.Fatal(err)
			}
			return got, b.String()
		}
		got, a := summary(bytes.NewReader(in))
		if _, b := summary(iotest.OneByteReader(bytes.NewReader(in))); a != b {
			t.Fatalf("read byte by byte, it gives something else:\n%s\n%s", a, b)
		}
		if len(in) > 0 && len(got.Items)+len(got.Refusals) == 0 && !bytes.Contains(in, []byte("Bundle")) {
			t.Fatal("nothing was given and nothing refused")
		}
	})
}
