package fhir

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"unicode"

	"phivault/vault"
)

func TestTextIsWhatPeopleRead(t *testing.T) {
	json := `{"resourceType":"DiagnosticReport","id":"hid-id","meta":{"source":"hid-meta","tag":[{"display":"hid-tag"}]},"implicitRules":"http://hid.rules",
	"text":{"status":"generated","div":"<div xmlns=\"hid-ns\" title=\"hid > attr\">Fish &amp; chips<br/>a<b>b</b>c<!-- hid-comment --><script>hid-script</script> 5 &lt; 6</div>"},
	"contained":[{"resourceType":"Organization","id":"hid-c","name":"Contained Clinic"}],
	"extension":[{"url":"http://hid.ext","valueString":"Extended words"}],
	"identifier":[{"system":"hid-system","value":"MRN-4711"},{"value":"11111111-2222-3333-4444-555555555555"}],
	"status":"final","issued":"2020-01-01T00:00:00Z","effectiveDateTime":"2020-12-24",
	"code":{"coding":[{"system":"http://hid.system","code":"58410-2","display":"Blood count"}],"text":"Blood count"},
	"subject":{"reference":"Patient/hid-ref","display":"Ana Ríos"},
	"result":[{"reference":"urn:uuid:hid"}],
	"conclusion":"Two\r\nlines,  \u0007bell","note":[{"text":"a \ud83d\ude00 note"}],
	"quantity":{"value":6.30,"unit":"mmol/L"},
	"presentedForm":[
	 {"contentType":"text/plain; charset=utf-8","data":"` + b64("Plain noté") + `","hash":"hidhash="},
	 {"contentType":"text/plain; charset=iso-8859-1","data":"` + b64("Latin caf\xe9") + `"},
	 {"contentType":"text/plain; charset=ISO-8859-1","data":"` + b64("Doubly \xc3\xa9") + `"},
	 {"contentType":"text/plain","data":"` + b64("Mislabelled \xe9") + `"},
	 {"contentType":"text/html","data":"` + b64("<html><style>hid-style</style><p>Rich&nbsp;page</p></html>") + `"},
	 {"contentType":"text/plain","data":"not base64 hid!"},
	 {"contentType":"text/plain;charset=utf-16","data":"` + b64("hid16") + `"},
	 {"contentType":"application/pdf","data":"` + b64("hid-pdf") + `","title":"Scan of it"},
	 {"data":"` + b64("hid-untyped") + `"}],
	"photo":"` + strings.Repeat("hid0", 100) + `"}`
	text := mustParse(t, json).Text
	for _, want := range []string{"Fish & chips abc 5 < 6", "Contained Clinic", "Extended words", "MRN-4711", "final", "58410-2", "Blood count", "Ana Ríos",
		"Two lines, bell", "a 😀 note", "6.30", "mmol/L", "Plain noté", "Latin café", "Doubly Ã©", "Mislabelled é", "Rich page", "Scan of it"} {
		if strings.Count(text, want) != 1 {
			t.Errorf("%q occurs %d times", want, strings.Count(text, want))
		}
	}
	for _, hidden := range []string{"hid", "aGlk", "2020-", "11111111", "http", "urn:"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%q is in it", hidden)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func TestAPatientIsFoundByNameBirthAndNumber(t *testing.T) {
	text := mustParse(t, `{"resourceType":"Patient","birthDate":"1980-05-06","name":[{"family":"Ríos","given":["Ana"]}],
		"identifier":[{"value":"999-94-5397"}],"telecom":[{"system":"phone","value":"555-0100"}]}`).Text
	for _, want := range []string{"Ana Ríos", "1980-05-06", "999-94-5397", "555-0100"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// The index marks what a record is about with tokens in the private-use area:
// text that could hold one would let a file forge whose record it is.
func TestTextHoldsNoPrivateUseAndNoControl(t *testing.T) {
	var raw, escaped, entities strings.Builder
	for r := rune(1); r <= unicode.MaxRune; r++ {
		private := unicode.Is(unicode.Co, r)
		if !private && !unicode.IsControl(r) || r > 0xf0010 && r < 0xffff0 || r > 0x100010 && r < 0x10fff0 {
			continue
		}
		if r >= ' ' {
			fmt.Fprintf(&raw, "a%cb ", r)
		}
		if r < 0x10000 {
			fmt.Fprintf(&escaped, `c\u%04xd `, r)
		}
		fmt.Fprintf(&entities, "e&#x%X;f ", r)
	}
	note := strings.NewReplacer(`"`, "", `\`, "").Replace(raw.String())
	for name, json := range map[string]string{
		"string":      `{"resourceType":"Basic","note":"` + raw.String() + `"}`,
		"escaped":     `{"resourceType":"Basic","note":"` + escaped.String() + `"}`,
		"entities":    `{"resourceType":"Basic","text":{"status":"additional","div":"<p>` + entities.String() + `</p>"}}`,
		"attachment":  `{"resourceType":"Binary","contentType":"text/plain","data":"` + b64(note+"\x00\x1b[31m\x7f") + `"}`,
		"html":        `{"resourceType":"Binary","contentType":"text/html","data":"` + b64("<p>"+note+entities.String()) + `"}`,
		"latin-1":     `{"resourceType":"Binary","contentType":"text/plain;charset=latin1","data":"` + b64("\x80\x90\x9f\x00") + `"}`,
		"title":       `{"resourceType":"Patient","name":[{"text":"` + raw.String() + `"}]}`,
		"value":       `{"resourceType":"Observation","code":{"text":"x"},"valueString":"` + raw.String() + `"}`,
		"unit":        `{"resourceType":"Observation","code":{"text":"x"},"valueQuantity":{"value":1,"unit":"` + raw.String() + `"}}`,
		"birth date":  `{"resourceType":"Patient","birthDate":"` + raw.String() + `"}`,
		"member name": `{"resourceType":"Basic","` + raw.String() + `":"word"}`,
	} {
		r := mustParse(t, json)
		lines := ""
		for _, l := range View(&r) {
			lines += l.Label + l.Text
		}
		for part, s := range map[string]string{"text": r.Text, "title": r.Title, "value": r.Value, "view": lines} {
			for _, c := range s {
				if unicode.Is(unicode.Co, c) || unicode.IsControl(c) {
					t.Errorf("%s: %U is in the %s", name, c, part)
					break
				}
			}
		}
		if (name == "string" || name == "attachment") && !strings.Contains(r.Text, "a b") {
			t.Errorf("%s: what stood between them is lost", name)
		}
	}
}

func TestDirectionMarksAreLeftOut(t *testing.T) {
	r := mustParse(t, `{"resourceType":"Patient","name":[{"text":"A\u00adna\u202e soir\u2066\u200f"}]}`)
	if r.Title != "Ana soir" || !strings.Contains(r.Text, "Ana soir") {
		t.Errorf("got %q, %q", r.Title, r.Text)
	}
}

func TestTextHasALimit(t *testing.T) {
	var b strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&b, `"é%d some words that differ in each",`, i)
	}
	r := mustParse(t, `{"resourceType":"Basic","x":[`+b.String()+`"the last one"]}`)
	if len(r.Text) > maxText || len(r.Text) < maxText-64 || strings.Contains(r.Text, "the last one") {
		t.Errorf("%d bytes", len(r.Text))
	}
	note := mustParse(t, `{"resourceType":"Binary","contentType":"text/plain","data":"`+b64(strings.Repeat("é word ", 400_000))+`"}`)
	if len(note.Text) > maxText || len(note.Text) < maxText-64 || strings.ContainsRune(note.Text, '\ufffd') || strings.Contains(note.Text, "Ã") {
		t.Errorf("%d bytes of note", len(note.Text))
	}
}

func TestNotesThatWereCutOutCanBeRead(t *testing.T) {
	json := []byte(`{"resourceType":"DocumentReference","content":[{"attachment":{"data":"","contentType":"text/plain"}},{"attachment":{"contentType":"image/png","data":""}}]}`)
	first := int64(strings.Index(string(json), `"data":""`) + 8)
	second := int64(strings.LastIndex(string(json), `"data":""`) + 8)
	cuts := []vault.Cut{{Offset: first, Size: 5, SHA256: vault.Hash{1}}, {Offset: second, Size: 5, SHA256: vault.Hash{2}}}
	asked := 0
	o := Options{Note: func(c vault.Cut) []byte {
		asked++
		if c != cuts[0] {
			t.Errorf("asked for %+v", c)
		}
		return []byte("a long note")
	}}
	r, err := o.Parse(json, cuts)
	if err != nil || asked != 1 || !strings.Contains(r.Text, "a long note") {
		t.Errorf("asked %d times, %v, %q", asked, err, r.Text)
	}
	if r, err := Parse(json, cuts); err != nil || strings.Contains(r.Text, "note") {
		t.Errorf("without a reader: %v, %q", err, r.Text)
	}
}

func TestMarkupIsStripped(t *testing.T) {
	for in, want := range map[string]string{
		"a<b>b</b>c":                             "abc",
		"<td>1</td><td>2</td>":                   "1 2",
		"5 < 6 and 7 <8":                         "5 < 6 and 7 <8",
		`x<img alt="a > b" src='>'/>y`:           "x y",
		"x<!-- a -- > <b> -->y":                  "xy",
		"x<![CDATA[ <raw> ]]>y":                  "x <raw> y",
		"x<SCRIPT>if (a</b) {}</script >y":       "x y",
		"&lt;b&gt; &eacute; &#233; &nope; &amp;": "<b> é é &nope; &",
		"<?xml version='1.0'?><p>z</p>":          "z",
		"open <a href='":                         "open",
		"":                                       "",
		"<":                                      "<",
		"x<script>never closed":                  "x",
	} {
		got, _ := appendClean(nil, stripMarkup(nil, []byte(in)), 1000)
		if string(got) != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
}

func TestOneLineMarksWhatItCuts(t *testing.T) {
	long := strings.Repeat("é", 600)
	if got := oneLine(long); len(got) > maxLine+3 || !strings.HasSuffix(got, "é…") {
		t.Errorf("%d bytes, ends with %q", len(got), got[len(got)-6:])
	}
	exact := strings.Repeat("é", maxLine/2)
	for _, s := range []string{"", "x", "a b", exact, strings.Repeat("x", maxLine)} {
		if got := oneLine(s); got != s {
			t.Errorf("%d bytes became %d", len(s), len(got))
		}
	}
	if got := oneLine("  a\u00a0\t\nb "); got != "a b" {
		t.Errorf("got %q", got)
	}
}
