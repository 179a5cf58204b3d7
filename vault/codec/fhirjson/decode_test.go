package fhirjson_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

const (
	p1 = `{"resourceType":"Patient","id":"1"}`
	p2 = `{ "id" : "2", "resourceType" : "Patient" }`
)

// read decodes text and writes down what came of it.
func read(t *testing.T, c vault.Codec, name string, r io.Reader, o vault.DecodeOptions) string {
	t.Helper()
	var blobs codectest.Blobs
	if o.Blobs == nil {
		o.Blobs = &blobs
	}
	got, err := codectest.Read(c.Decode(context.Background(), name, r, o))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := got.Summary(&b, o.Blobs); err != nil {
		t.Fatal(err)
	}
	if blobs.Open() != 0 {
		t.Errorf("%d attachments were begun and not ended", blobs.Open())
	}
	return b.String()
}

var documents = []struct{ name, in, want string }{
	{"a resource", " " + p1 + "\n", "item ||Patient 0 cuts " + p1},
	{"a byte order mark", "\ufeff" + p2, "item ||Patient 0 cuts " + p2},
	{"a Bundle, each resource byte for byte",
		`{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:\u0031","resource":` + p1 + `},` + "\n" + `{"resource":  ` + p2 + `  ,"fullUrl":"x"}]}`,
		"item entry 1|urn:uuid:1|Patient 0 cuts " + p1 + "\nitem entry 2|x|Patient 0 cuts " + p2},
	{"a Bundle that says so last", `{"entry":[{"id":"e","resource":` + p1 + `}],"resourceType":"Bundle"}`,
		"item entry 1||Patient 0 cuts " + p1},
	{"a List, whose entries are its own", `{"entry":[{"item":{"reference":"Patient/1"}}],"resourceType":"List"}`,
		`item ||List 0 cuts {"entry":[{"item":{"reference":"Patient/1"}}],"resourceType":"List"}`},
	{"entries of what is no Bundle", `{"entry":[{"resource":` + p1 + `}],"resourceType":"List"}`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: line 1, column 1: it has entries of a Bundle and does not say that it is one"},
	{"a Bundle without entries", `{"resourceType":"Bundle","entry":[]}`, ""},
	{"a Bundle within a Bundle is a resource",
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Bundle","entry":[{"resource":` + p1 + `}]}}]}`,
		`item entry 1||Bundle 0 cuts {"resourceType":"Bundle","entry":[{"resource":` + p1 + `}]}`},
	{"entries that ask for something else",
		`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"Patient/1"}},
{"request":{"url":"Patient/1","method":"GET"}},{"resource":` + p1 + `,"request":{"method":"PUT","extension":[{"method":"DELETE"}]}},
{"resource":{"resourceType":"Parameters"},"request":{"method":"PATCH"}},{"fullUrl":"x"}, null, {"resource":7}, {"search":{"mode":"outcome"},"resource":` + p1 + `}]}`,
		"item entry 3||Patient 0 cuts " + p1 + `
refused f: entry 1, line 1, column 56: it asks for a deletion; deletions are not imported
refused f: entry 2, line 2, column 1: it is a question to a server and has no resource
refused f: entry 4, line 3, column 1: it asks for a change to a record (PATCH); only whole resources are imported
refused f: entry 5, line 3, column 73: it has no resource
refused f: entry 6, line 3, column 90: the entry is not an object
refused f: entry 7, line 3, column 108: the entry's resource is not an object
refused f: entry 8, line 3, column 112: it is a server's remark about a search, not a record`},
	{"a history, oldest first", `{"resourceType":"Bundle","type":"history","entry":[{"request":{"method":"DELETE"}},{"resource":` + p2 + `},{"resource":` + p1 + `}]}`,
		"item entry 3||Patient 0 cuts " + p1 + "\nitem entry 2||Patient 0 cuts " + p2 +
			"\nrefused f: entry 1, line 1, column 52: it asks for a deletion; deletions are not imported"},
	{"a history known by its entries", `{"entry":[{"resource":` + p2 + `,"request":{"method":"PUT"},"response":{}},{"resource":` + p1 + `,"request":{"method":"POST"},"response":{}}],"resourceType":"Bundle","type":"history"}`,
		"item entry 2||Patient 0 cuts " + p1 + "\nitem entry 1||Patient 0 cuts " + p2},
	{"a fault within a resource, the next entry goes on",
		`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient" "id":"1"}},{"resource":` + p1 + `}]}`,
		"item entry 2||Patient 0 cuts " + p1 + "\nrefused f: entry 1, line 1, column 73: a comma or a closing bracket is missing"},
	{"a fault of brackets ends the file",
		`{"resourceType":"Bundle","entry":[{"resource":` + p1 + `},{"resource":{"a":[1}},{"resource":` + p1 + `}]}`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: entry 2, line 1, column 103: a closing bracket does not match the one that was opened"},
	{"a name twice", `{"resourceType":"Bundle","type":"a","type":"b"}`, "refused f: line 1, column 37: a member name occurs twice in one object"},
	{"a name twice, once with an escape", `{"resourceType":"Bundle","type":"a","t\u0079pe":"b"}`, "refused f: line 1, column 37: a member name occurs twice in one object"},
	{"a name twice in an entry", `{"resourceType":"Bundle","entry":[{"resource":` + p1 + `,"resource":` + p2 + `}]}`,
		"refused f: entry 1, line 1, column 83: a member name occurs twice in one object"},
	{"a broken value beside the entries", `{"resourceType":"Bundle","meta":{"a":1,"a":2},"entry":[{"resource":` + p1 + `}]}`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: line 1, column 33: beside its entries, the Bundle is broken: a value is not valid JSON"},
	{"cut short in an entry", `{"resourceType":"Bundle","entry":[{"resource":` + p1 + `},{"resource":{"resourceType":"Pat`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: entry 2, line 1, column 116: it ends in the middle, at byte 115"},
	{"cut short between entries", `{"resourceType":"Bundle","entry":[{"resource":` + p1 + `},`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: entry 1, line 1, column 84: it ends in the middle, at byte 83"},
	{"text after the end", p1 + "\n<x>", "refused f: line 2, column 1: something follows after its end"},
	{"a comment after the end", p1 + " // note", "refused f: line 1, column 37: comments are not JSON"},
	{"text after a Bundle", `{"resourceType":"Bundle","entry":[{"resource":` + p1 + `}]}]`,
		"item entry 1||Patient 0 cuts " + p1 + "\nrefused f: line 1, column 85: something follows after its end"},
	{"an array", `[` + p1 + `]`, "refused f: line 1, column 1: it is a JSON array; FHIR puts several resources into a Bundle or on lines"},
	{"nothing", " \n", "refused f: it is empty"},
	{"UTF-16", "\xff\xfe{\x00}\x00", "refused f: line 1, column 1: the text is UTF-16; JSON must be UTF-8"},
	{"Latin-1", "{\"resourceType\":\"Patient\",\n \"id\":\"\xfc\"}", "refused f: line 2, column 8: the text is not valid UTF-8"},
	{"not FHIR", `{"a":1}`, "refused f: line 1, column 1: it has no resourceType, so it is no FHIR resource"},
	{"a value left out", `{"resourceType":"Bundle","type":,"id":"x"}`, "refused f: line 1, column 33: a value is missing"},
	{"lines known by the second", p1 + "\r\n\n  \n" + p2 + "\n",
		"item line 1||Patient 0 cuts " + p1 + "\nitem line 4||Patient 0 cuts " + p2},
	{"lines with faults", p1 + "\n{\"resourceType\":\"Pat\n" + `{"a":"x` + "\n" + p1 + "x\n" + p2,
		"item line 1||Patient 0 cuts " + p1 + "\nitem line 5||Patient 0 cuts " + p2 +
			"\nrefused f: line 2, column 21: it ends in the middle, at byte 56\nrefused f: line 3, column 8: it ends in the middle, at byte 64" +
			"\nrefused f: line 4, column 36: something follows after its end"},
	{"a Bundle on a line", p1 + "\n" + `{"resourceType":"Bundle","entry":[{"resource":` + p2 + `}]}` + "\n",
		"item line 1||Patient 0 cuts " + p1 + "\nitem line 2, entry 1||Patient 0 cuts " + p2},
}

func TestDocumentsGiveTheirResourcesAndSayWhatIsRefused(t *testing.T) {
	for _, tt := range documents {
		t.Run(tt.name, func(t *testing.T) {
			want := tt.want
			if want != "" {
				want += "\n"
			}
			if got := read(t, fhirjson.JSON(), "f", strings.NewReader(tt.in), vault.DecodeOptions{}); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
			if got := read(t, fhirjson.JSON(), "f", iotest.OneByteReader(strings.NewReader(tt.in)), vault.DecodeOptions{}); got != want {
				t.Errorf("byte by byte, got\n%swant\n%s", got, want)
			}
			if tt.in != " \n" && !fhirjson.JSON().Sniff([]byte(tt.in)) {
				t.Error("it was not recognised")
			}
		})
	}
}

func TestABrokenFirstLineOfManyIsOnlyThat(t *testing.T) {
	first := `{"resourceType":"Basic","a":"` + strings.Repeat("x", 5000) + `","b":[}` + "\n" // longer than what is looked at
	got := read(t, fhirjson.JSON(), "f", strings.NewReader(first+p1+"\n"+p2), vault.DecodeOptions{})
	want := "item line 2||Patient 0 cuts " + p1 + "\nitem line 3||Patient 0 cuts " + p2 +
		"\nrefused f: line 1, column 5037: a closing bracket does not match the one that was opened\n"
	if got != want {
		t.Errorf("got\n%.500s", got)
	}
	got = read(t, fhirjson.JSON(), "f", strings.NewReader(first+" ]\n}"), vault.DecodeOptions{})
	if strings.Count(got, "refused") != 1 {
		t.Errorf("got\n%.500s", got)
	}
}

func TestAFileCutAnywhereGivesWhatCameBeforeAndOneRefusal(t *testing.T) {
	in := `{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"a","resource":` + p1 + `},{"resource":` + p2 + `}]}`
	for n := 1; n < len(in); n++ {
		got := read(t, fhirjson.JSON(), "f", strings.NewReader(in[:n]), vault.DecodeOptions{})
		if c := strings.Count(got, "refused "); c != 1 || !strings.Contains(got, fmt.Sprintf("ends in the middle, at byte %d", n)) {
			t.Fatalf("cut at %d:\n%s", n, got)
		}
	}
}

func TestLimitsRefuseOneResourceAndTheRestGoesOn(t *testing.T) {
	long := `{"resourceType":"Patient","id":"` + strings.Repeat("x", 1000) + `"}`
	deep := `{"resourceType":"Basic","a":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`
	in := strings.Join([]string{p1, long, deep, p2}, "\n")
	got := read(t, fhirjson.NDJSON(), "f", strings.NewReader(in), vault.DecodeOptions{Limits: vault.Limits{Resource: 512}})
	want := "item line 1||Patient 0 cuts " + p1 + "\nitem line 4||Patient 0 cuts " + p2 +
		"\nrefused f: line 2, column 1: it is over the limit of 512 bytes\nrefused f: line 3, column 1: it is nested too deeply\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAbsurdDepthIsNoStack(t *testing.T) {
	in := p1 + "\n" + `{"resourceType":"Basic","a":` + strings.Repeat("[", 1<<20) + "\n" + p2
	got := read(t, fhirjson.NDJSON(), "f", strings.NewReader(in), vault.DecodeOptions{})
	if strings.Count(got, "item") != 2 || strings.Count(got, "refused") != 1 || !strings.Contains(got, "nested too deeply to go on") {
		t.Errorf("got\n%s", got)
	}
}

func TestOnlyOneTypeIsGivenWhereverItsTypeStands(t *testing.T) {
	in := `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Observation" broken}},{"resource":` + p2 + `},
{"resource":{"id":"3","resourceType":"Basic"}},{"resource":{"resource\u0054ype":"Patient"}},{"resource":` + p1 + `}]}`
	got := read(t, fhirjson.JSON(), "f", strings.NewReader(in), vault.DecodeOptions{Only: "Patient"})
	want := "item entry 2||Patient 0 cuts " + p2 + "\nitem entry 4||Patient 0 cuts {\"resource\\u0054ype\":\"Patient\"}\nitem entry 5||Patient 0 cuts " + p1 + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAFailingReaderEndsTheReadingAndARefusingOneIsPassedOn(t *testing.T) {
	in := p1 + "\n" + p2 + "\n"
	broken := errors.New("broken")
	got, err := codectest.Read(fhirjson.NDJSON().Decode(context.Background(), "f",
		io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), vault.DecodeOptions{}))
	if err != nil || len(got.Items) != 2 || !errors.Is(got.Err, broken) {
		t.Errorf("%v, %d items, error %v", err, len(got.Items), got.Err)
	}
	ref := &vault.Refusal{Input: "f.gz", Reason: "its checksum is wrong"}
	got, err = codectest.Read(fhirjson.JSON().Decode(context.Background(), "f",
		io.MultiReader(strings.NewReader(in+"{"), iotest.ErrReader(ref)), vault.DecodeOptions{}))
	if err != nil || len(got.Items) != 2 || got.Err != nil || len(got.Refusals) != 1 || got.Refusals[0] != ref {
		t.Errorf("%v, %+v", err, got)
	}
}

func TestCancellingEndsTheReading(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got, err := codectest.Read(fhirjson.JSON().Decode(ctx, "f", strings.NewReader(p1), vault.DecodeOptions{}))
	if err != nil || !errors.Is(got.Err, context.Canceled) || len(got.Items) != 0 {
		t.Errorf("%v, %+v", err, got)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestAReaderThatGivesNothingIsLeft(t *testing.T) {
	got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", idle{}, vault.DecodeOptions{}))
	if err != nil || !errors.Is(got.Err, io.ErrNoProgress) {
		t.Errorf("%v, %v", err, got.Err)
	}
}

func TestAHistoryThatIsTooLongLosesItsOldestAndSaysSo(t *testing.T) {
	entry := `{"resource":{"resourceType":"Basic","language":"` + strings.Repeat("x ", 2<<20) + `"}},`
	in := io.MultiReader(strings.NewReader(`{"resourceType":"Bundle","type":"history","entry":[`),
		strings.NewReader(strings.Repeat(entry, 18)), strings.NewReader(`{"resource":`+p1+`}]}`))
	got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", in, vault.DecodeOptions{}))
	if err != nil || len(got.Items) != 15 || got.Items[0].Place != "entry 15" || len(got.Refusals) != 1 ||
		got.Refusals[0].Error() != "f: entry 16: the history is too long to be turned round in memory; this and all older versions are left out" {
		t.Errorf("%v, %d items, %v", err, len(got.Items), got.Refusals)
	}
}
