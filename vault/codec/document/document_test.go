package document_test

import (
	"bytes"
	"context"
	"crypto/fips140"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/vault"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/document"
)

func codec(t testing.TB, o document.Options) *document.Codec {
	t.Helper()
	c, err := document.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var options = document.Options{Subject: "Patient/1", Date: "2024-05", Type: vault.Coding{System: "http://loinc.org", Code: "11502-2", Display: "Laboratory report"}}

// resource is what of a DocumentReference the tests look at, read by the
// standard library.
type resource struct {
	ID      string
	Subject struct{ Reference string }
	Content []struct {
		Attachment struct {
			ContentType, Title, Creation string
			Data, Hash                   []byte
			Size                         int64
		}
	}
}

func TestAFileComesBackWithItsSizeAndHash(t *testing.T) {
	noise := make([]byte, 300_001)
	_, _ = rand.Read(noise)
	for _, tt := range []struct{ kind, begin string }{
		{"application/pdf", "%PDF-1.7\n"}, {"image/png", "\x89PNG\r\n\x1a\n"}, {"image/jpeg", "\xff\xd8\xff\xe0"}, {"image/gif", "GIF89a"},
		{"image/tiff", "II*\x00"}, {"image/webp", "RIFF1234WEBP"}, {"image/heic", "\x00\x00\x00\x18ftypheic"},
		{"text/plain", "\ufeffDear colleague, é"}, {"text/html", "<!DOCTYPE html><p>"},
	} {
		for _, n := range []int{0, 1, 5000, len(noise)} {
			if n > 0 && strings.HasPrefix(tt.kind, "text/") && n < len(noise) {
				continue // no text any more
			}
			file := append([]byte(tt.begin), noise[:n]...)
			if strings.HasPrefix(tt.kind, "text/") && n > 0 {
				file = append([]byte(tt.begin), bytes.Repeat([]byte("word "), n/5)...)
			}
			blobs := &codectest.Blobs{}
			c := codec(t, options)
			got, err := codectest.Read(c.Decode(context.Background(), "in/letter.pdf", iotest.HalfReader(bytes.NewReader(file)), vault.DecodeOptions{Blobs: blobs}))
			if err != nil || len(got.Items) != 1 || len(got.Refusals) > 0 {
				t.Fatal(tt.kind, err, got.Refusals)
			}
			if !c.Sniff(file[:min(len(file), 4096)]) {
				t.Errorf("%s was not recognised", tt.kind)
			}
			it := got.Items[0]
			whole, err := codectest.Whole(blobs, &it.Resource)
			if err != nil {
				t.Fatal(err)
			}
			var r resource
			if err := json.Unmarshal(whole, &r); err != nil {
				t.Fatal(err)
			}
			var sum [sha1.Size]byte
			fips140.WithoutEnforcement(func() { sum = sha1.Sum(file) })
			a := r.Content[0].Attachment
			if !bytes.Equal(a.Data, file) || !bytes.Equal(a.Hash, sum[:]) || a.Size != int64(len(file)) || a.ContentType != tt.kind || a.Title != "letter.pdf" || a.Creation != "2024-05" {
				t.Errorf("%s of %d bytes: %q %q %q %d", tt.kind, len(file), a.ContentType, a.Title, a.Creation, a.Size)
			}
			if cut := base64.StdEncoding.EncodedLen(len(file)) >= vault.CutAt; cut != (len(it.Resource.Cuts) == 1) {
				t.Errorf("%s of %d bytes: %d cuts", tt.kind, len(file), len(it.Resource.Cuts))
			}
			if it.Resource.Subject != "Patient/1" || it.Resource.Date != "2024-05" || it.Resource.Code.Code != "11502-2" || it.Place != "" {
				t.Errorf("the view is %+v", it.Resource.Code)
			}
		}
	}
}

func TestTheIDIsTheContents(t *testing.T) {
	id := func(name, text string) string {
		got, err := codectest.Read(codec(t, document.Options{}).Decode(context.Background(), name, strings.NewReader(text), vault.DecodeOptions{}))
		if err != nil || len(got.Items) != 1 {
			t.Fatal(err, got.Refusals)
		}
		return got.Items[0].Resource.ID
	}
	if a, b, c := id("a.txt", "one"), id("b.txt", "one"), id("a.txt", "two"); a != b || a == c || len(a) != 44 {
		t.Error(a, b, c)
	}
}

func TestWordsOfATextAreFound(t *testing.T) {
	text := strings.Repeat("nothing to see ", 10_000) + "Zugvogel"
	got, err := codectest.Read(codec(t, document.Options{}).Decode(context.Background(), "a.txt", strings.NewReader(text), vault.DecodeOptions{}))
	if err != nil || len(got.Items) != 1 || !strings.Contains(got.Items[0].Resource.Text, "Zugvogel") {
		t.Error(err, got.Refusals)
	}
}

func TestWhatIsRefused(t *testing.T) {
	ref := &vault.Refusal{Input: "f", Place: "byte 3", Reason: "damaged"}
	for _, tt := range []struct {
		name string
		r    io.Reader
		want string
	}{
		{"a.bin", strings.NewReader("\x00\x01"), "a.bin: it is no PDF, image or text that is known here"},
		{"a.json", strings.NewReader(`{"a":1}`), "a.json: it is no PDF, image or text that is known here"},
		{"a.xml", strings.NewReader(`<a/>`), "a.xml: it is no PDF, image or text that is known here"},
		{"a.CSV", strings.NewReader("Date,Value\n"), "a.CSV: it is a table; a mapping says what its columns mean, by the names in its first line"},
		{"a.txt", strings.NewReader(""), "a.txt: it is empty"},
		{"a.txt", strings.NewReader(strings.Repeat("word ", 50_000)), "a.txt: an attachment is over the limit of 100000 bytes"},
		{"a.txt", iotest.ErrReader(ref), "f: byte 3: damaged"},
		{"a.txt", io.MultiReader(strings.NewReader(strings.Repeat("word ", 15_000)), iotest.ErrReader(ref)), "f: byte 3: damaged"},
	} {
		blobs := &codectest.Blobs{}
		got, err := codectest.Read(codec(t, document.Options{}).Decode(context.Background(), tt.name, tt.r, vault.DecodeOptions{Blobs: blobs, Limits: vault.Limits{Attachment: 100_000}}))
		if err != nil || got.Err != nil || len(got.Items) != 0 || len(got.Refusals) != 1 || got.Refusals[0].Error() != tt.want || blobs.Len() != 0 || blobs.Open() != 0 {
			t.Errorf("%s: %v, %v, %v, %d attachments", tt.want, err, got.Err, got.Refusals, blobs.Len())
		}
	}
	broken := errors.New("broken")
	got, err := codectest.Read(codec(t, document.Options{}).Decode(context.Background(), "f", io.MultiReader(strings.NewReader("word"), iotest.ErrReader(broken)), vault.DecodeOptions{}))
	if err != nil || !errors.Is(got.Err, broken) || len(got.Items) != 0 {
		t.Error(err, got)
	}
	if _, err := document.New(document.Options{Date: "31.5.2024"}); !errors.Is(err, vault.ErrUsage) {
		t.Error(err)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	size := int64(48 << 20)
	if codectest.Slow() {
		size = 600 << 20
	}
	s := codectest.Stream{Head: "%PDF-1.7\n", Part: strings.Repeat("some bytes of it", 4096), Size: size}
	if n := codectest.HoldsMemory(t, codec(t, options), "a.pdf", &s, vault.DecodeOptions{}, 64<<20); n != 1 {
		t.Errorf("%d items", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("%PDF-1.7"), "a.pdf")
	f.Add([]byte("text \xf0\x9f"), "é\x00/\xff")
	c := codec(f, options)
	f.Fuzz(func(t *testing.T, file []byte, name string) {
		got, err := codectest.Read(c.Decode(context.Background(), "f"+name, bytes.NewReader(file), vault.DecodeOptions{}))
		if err != nil || got.Err != nil || len(got.Items)+len(got.Refusals) != 1 {
			t.Fatal(err, got.Err, got.Refusals)
		}
		if len(got.Items) == 0 && c.Sniff(file) && !strings.HasSuffix(strings.ToLower(strings.TrimSuffix(name, ".gz")), "sv") {
			t.Fatalf("it was recognised and then refused: %v", got.Refusals)
		}
	})
}
