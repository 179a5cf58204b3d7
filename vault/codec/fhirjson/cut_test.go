package fhirjson_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

func base(n int) string { return base64.StdEncoding.EncodeToString(noise(n)) }

// whole decodes one resource and gives its bytes put together again.
func whole(t testing.TB, in string, o vault.DecodeOptions) (cuts int, aborted int) {
	t.Helper()
	blobs := &codectest.Blobs{}
	o.Blobs = blobs
	got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", strings.NewReader(in), o))
	if err != nil || len(got.Items) != 1 || len(got.Refusals) != 0 || got.Err != nil {
		t.Fatalf("%v, %d items, %v, %v", err, len(got.Items), got.Refusals, got.Err)
	}
	r := &got.Items[0].Resource
	b, err := codectest.Whole(blobs, r)
	if err != nil || string(b) != in {
		t.Fatalf("the bytes did not come back (%v)", err)
	}
	if blobs.Open() != 0 {
		t.Fatalf("%d attachments left open", blobs.Open())
	}
	if len(r.Cuts) > 0 && int64(len(r.JSON)) > int64(len(in))-vault.CutAt {
		t.Fatal("the text was not cut out")
	}
	return len(r.Cuts), blobs.Aborted()
}

func TestOnlyWhatComesBackTheSameIsCutOut(t *testing.T) {
	most := vault.CutAt / 4 * 3
	good := base(300_000)
	for _, tt := range []struct {
		name, text string
		cuts       int
		aborts     bool
	}{
		{"short", base(most - 1), 1, false}, // its text is padded to the length that counts
		{"one block shorter", base(most - 3), 0, false},
		{"from the length that counts", base(most), 1, false},
		{"longer than the window", base(2_000_001), 1, false},
		{"two characters of padding", base(300_001), 1, false},
		{"padding left out", strings.TrimRight(base(300_001), "="), 0, true},
		{"bits after the end", base64.StdEncoding.EncodeToString(make([]byte, 300_001))[:400_000] + "AB==", 0, true},
		{"one character too many", good + "A", 0, true},
		{"padding in the middle", good + "AA==" + good, 0, true},
		{"the alphabet of URLs", good[:399_000] + "-_-_", 0, true},
		{"an escape in the middle", good[:200_000] + `\/` + good, 0, true},
		{"an escape at the end", good + `\u0041AAA`, 0, true},
		{"a space", good[:100_000] + " " + good, 0, true},
		{"words", strings.Repeat("no base64 here. ", 10_000), 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cuts, aborted := whole(t, `{"resourceType":"Binary","contentType":"application/pdf","data": "`+tt.text+`" , "id":"1"}`, vault.DecodeOptions{})
			if cuts != tt.cuts || aborted > 0 != tt.aborts {
				t.Errorf("%d cuts, want %d; %d given up", cuts, tt.cuts, aborted)
			}
		})
	}
}

// A text that happens to be base64 is cut wherever it stands; what it says is not
// touched by that.
func TestALongTextThatHappensToBeBase64ComesBack(t *testing.T) {
	dna := strings.Repeat("GATTACA", vault.CutAt)[:2*vault.CutAt]
	for name, c := range map[string]struct {
		in   string
		cuts int // of members' values; an element of a list stays where it is
	}{
		"sequence":  {`{"resourceType":"MolecularSequence","id":"1","observedSeq":"` + dna + `"}`, 1},
		"extension": {`{"resourceType":"Patient","id":"1","extension":[{"url":"http://a","valueString":"` + dna + `"}],"gender":"female"}`, 1},
		"note":      {`{"resourceType":"Condition","note":[{"text":"` + dna + `"},{"text":"` + dna + `"}],"code":{"text":"x"}}`, 2},
		"contained": {`{"resourceType":"Observation","contained":[{"resourceType":"Device","note":["` + dna + `"]}]}`, 0},
		"nested":    {`{"resourceType":"Basic","a":[[["` + dna + `"]],{"b":"` + dna + `"}]}`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if cuts, _ := whole(t, c.in, vault.DecodeOptions{}); cuts != c.cuts {
				t.Errorf("%d cuts", cuts)
			}
		})
	}
	// As the name of a member it is no value, and as narrative it has markup.
	for _, in := range []string{`{"resourceType":"Basic","` + dna[:1000] + `":1}`, `{"resourceType":"Basic","text":{"status":"additional","div":"<div>` + dna + `</div>"}}`} {
		if cuts, _ := whole(t, in, vault.DecodeOptions{}); cuts != 0 {
			t.Errorf("%.60s: %d cuts", in, cuts)
		}
	}
}

func TestALineBreakInBase64IsRefusedAndNothingIsLost(t *testing.T) {
	in := `{"resourceType":"Binary","data":"` + base(90_000) + "\n" + base(90_000) + `"}`
	got := read(t, fhirjson.JSON(), "f", strings.NewReader(in), vault.DecodeOptions{})
	if got != "refused f: line 1, column 120034: a string has a bare control character\n" {
		t.Errorf("got %.300s", got)
	}
	in = `{"resourceType":"Binary","data":"` + base(90_000) + "\r\r\n\n" + `"}`
	got = read(t, fhirjson.JSON(), "f", strings.NewReader(in), vault.DecodeOptions{})
	if got != "refused f: line 1, column 120034: a string has a bare control character\n" {
		t.Errorf("got %.300s", got)
	}
}

func TestAttachmentsCutAnywhereComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString(`{"resourceType":"DocumentReference","status":"current","content":[`)
		want := 0
		for i := range rapid.IntRange(1, 4).Draw(t, "attachments") {
			if i > 0 {
				b.WriteString(",\n ")
			}
			n := rapid.IntRange(0, 120_000).Draw(t, "size")
			text := base(n)
			clean := len(text) >= vault.CutAt
			if n > 0 && rapid.Bool().Draw(t, "spoilt") {
				at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
				text = text[:at] + rapid.SampledFrom([]string{" ", `\n`, "=", `\u0041`, "-", "é"}).Draw(t, "with") + text[at+1:]
				clean = false
			}
			if clean {
				want++
			}
			fmt.Fprintf(&b, `{"attachment":{"data":"%s","title":"%d"}}`, text, i)
		}
		b.WriteString(`]}`)
		in := b.String()
		blobs := &codectest.Blobs{}
		r := &oddReader{r: strings.NewReader(in), most: rapid.SampledFrom([]int{1 << 20, 70_000, 4093}).Draw(t, "read")}
		got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", r, vault.DecodeOptions{Blobs: blobs}))
		if err != nil || len(got.Items) != 1 || blobs.Open() != 0 {
			t.Fatalf("%v, %d items, %v", err, len(got.Items), got.Refusals)
		}
		back, err := codectest.Whole(blobs, &got.Items[0].Resource)
		if err != nil || string(back) != in {
			t.Fatalf("the bytes did not come back (%v)", err)
		}
		if n := len(got.Items[0].Resource.Cuts); n < want {
			t.Fatalf("%d cuts, want %d", n, want)
		}
	})
}

// oddReader gives at most so many bytes at a time.
type oddReader struct {
	r    io.Reader
	most int
}

func (o *oddReader) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), o.most)]) }

func TestFaultsAfterAnAttachmentHaveTheirPlaceInTheFile(t *testing.T) {
	in := `{"resourceType":"Bundle","entry":[` + "\n" + `{"resource":{"resourceType":"Binary","data":"` + base(60_000) + `",,"id":"1"}}]}`
	got := read(t, fhirjson.JSON(), "f", strings.NewReader(in), vault.DecodeOptions{})
	at := strings.Index(in, ",,") - strings.Index(in, "\n")
	if want := fmt.Sprintf("entry 1, line 2, column %d:", at+1); !strings.Contains(got, want) {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAttachmentsOverTheLimitRefuseTheirResource(t *testing.T) {
	in := `{"resourceType":"Binary","data":"` + base(200_000) + `"}` + "\n" + p1
	got := read(t, fhirjson.NDJSON(), "f", strings.NewReader(in), vault.DecodeOptions{Limits: vault.Limits{Attachment: 100_000}})
	if want := "item line 2||Patient 0 cuts " + p1 + "\nrefused f: line 1, column 1: an attachment is over the limit of 100000 bytes\n"; got != want {
		t.Errorf("got %s", got)
	}
}

func TestAttachmentsDoNotCountAsTheResourcesSize(t *testing.T) {
	in := `{"resourceType":"Binary","data":"` + base(900_000) + `"}`
	if cuts, _ := whole(t, in, vault.DecodeOptions{Limits: vault.Limits{Resource: 100_000}}); cuts != 1 {
		t.Errorf("%d cuts", cuts)
	}
	spoilt := strings.Replace(in, `"}`, `!"}`, 1)
	got := read(t, fhirjson.JSON(), "f", strings.NewReader(spoilt), vault.DecodeOptions{Limits: vault.Limits{Resource: 100_000}})
	if got != "refused f: line 1, column 1: it is over the limit of 100000 bytes\n" {
		t.Errorf("got %.200s", got)
	}
}

func TestTextAttachmentsAreSearchable(t *testing.T) {
	note := strings.Repeat("The knee é is better. ", 5000) + "Zugvogel"
	long := strings.Repeat("é", 700_000) // one byte too many for the last character to be whole
	for _, tt := range []struct {
		name, kind, data, word string
		found                  bool
	}{
		{"a note", "text/plain", note, "Zugvogel", true},
		{"a long one", "text/plain", long, "éééé", true},
		{"with NULs", "text/plain", "\x00" + note, "Zugvogel", false},
		{"a picture", "image/jpeg", note, "Zugvogel", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := `{"resourceType":"DocumentReference","content":[{"attachment":{"data":"` +
				base64.StdEncoding.EncodeToString([]byte(tt.data)) + `","contentType":"` + tt.kind + `"}}]}`
			got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", strings.NewReader(in), vault.DecodeOptions{}))
			if err != nil || len(got.Items) != 1 {
				t.Fatal(err, got.Refusals)
			}
			text := got.Items[0].Resource.Text
			if strings.Contains(text, tt.word) != tt.found || len(text) > 1<<20+1000 {
				t.Errorf("found %v, want %v, in %d bytes", !tt.found, tt.found, len(text))
			}
		})
	}
}

type failing struct{ err error }

func (f failing) NewBlob(context.Context) (vault.BlobWriter, error) { return nil, f.err }
func (f failing) OpenBlob(context.Context, vault.Hash) (io.ReadCloser, error) {
	return nil, f.err
}

func TestAStoreThatFailsEndsTheReading(t *testing.T) {
	in := p1 + "\n" + `{"resourceType":"Binary","data":"` + base(200_000) + `"}` + "\n" + p2
	got, err := codectest.Read(fhirjson.NDJSON().Decode(context.Background(), "f", strings.NewReader(in), vault.DecodeOptions{Blobs: failing{vault.ErrFull}}))
	if err != nil || len(got.Items) != 1 || !errors.Is(got.Err, vault.ErrFull) {
		t.Errorf("%v, %d items, %v", err, len(got.Items), got.Err)
	}
}

func TestAnAttachmentCutShortIsGivenUp(t *testing.T) {
	in := `{"resourceType":"Binary","data":"` + base(200_000)
	blobs := &codectest.Blobs{}
	got, err := codectest.Read(fhirjson.JSON().Decode(context.Background(), "f", strings.NewReader(in), vault.DecodeOptions{Blobs: blobs}))
	if err != nil || len(got.Refusals) != 1 || blobs.Open() != 0 || blobs.Aborted() != 1 || blobs.Len() != 0 {
		t.Errorf("%v, %v, %d open, %d given up", err, got.Refusals, blobs.Open(), blobs.Aborted())
	}
}

func TestWithoutBlobsTheHashIsTheSame(t *testing.T) {
	in := `{"resourceType":"Binary","data":"` + base(200_000) + `"}`
	cut := func(b vault.Blobs) vault.Cut {
		for it, err := range fhirjson.JSON().Decode(context.Background(), "f", strings.NewReader(in), vault.DecodeOptions{Blobs: b}) {
			if err != nil || len(it.Resource.Cuts) != 1 {
				t.Fatal(err)
			}
			return it.Resource.Cuts[0]
		}
		return vault.Cut{}
	}
	if a, b := cut(nil), cut(&codectest.Blobs{}); a != b || !bytes.Equal(a.SHA256[:], b.SHA256[:]) || a.Size != 200_000 {
		t.Errorf("%+v and %+v", a, b)
	}
}
