package tui_test

import (
	"io"
	"strings"
	"testing"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/local"
)

const namesake = `{"resourceType":"Patient","id":"p1","name":[{"family":"Sensor","given":["Sam"]}],"birthDate":"1961-02-03"}` + "\n"

// namesakes makes a vault of patients of one name and birth date, one from each source,
// and somebody else.
func namesakes(t *testing.T, sources ...string) *opener {
	o := filled(t, func(w io.Writer) {
		io.WriteString(w, strings.Replace(strings.Replace(namesake, "Sam", "Eve", 1), "p1", "p9", 1))
		io.WriteString(w, namesake)
	})
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	v, err := local.Open(t.Context(), o.dir, p, o.options())
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close(t.Context())
	for _, source := range sources {
		in := codec.Stream("made up", func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(namesake)), nil }, []vault.Codec{fhirjson.JSON()})
		if res, err := v.Import(t.Context(), in, vault.ImportOptions{Source: source, Hash: hash}); err != nil || res.New != 1 {
			t.Fatal(res, err)
		}
	}
	return o
}

// Whoever has the name and birth date of another is told apart from it, everywhere.
func TestNamesakesAreToldApart(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {120, 40}} {
		o := namesakes(t, "hospital")
		s := tuitest.New(t, tui.Options{Opener: o, Clock: noon}).Resize(size[0], size[1]).Unlock(passphrase)
		s.Expect("3 patients", "from clinic, id p1", "from hospital, id p1").Refuse("from clinic, id p9")
		s.Press("f").Type("sam").Press("enter").Screen("chart summary")
		text := s.Text()
		source, other := "clinic", "hospital"
		if strings.Contains(text, "from hospital") {
			source, other = other, source
		}
		s.Expect("Sensor, Sam", "from "+source, "Another patient here has this name and birth date.").Refuse("from " + other)
		s.Press("p").Screen("record").Expect("from " + source).Leave("patients")
		s.Press("esc", "f").Type("eve").Press("enter").Screen("chart summary").Refuse("from clinic", "Another patient")
	}
	// Found by a word, without the list.
	s := tuitest.New(t, tui.Options{Opener: namesakes(t, "hospital"), Clock: noon}).Unlock(passphrase)
	s.Press("/").Type("sam").Press("enter").Screen("chart summary").Expect("Another patient here has this name and birth date.", "from ")
}

// A source that is cut alike tells nothing; the record does.
func TestNamesakesOfOneSourceAreToldApartByTheirRecords(t *testing.T) {
	o := namesakes(t, "the hospital at the lake, north", "the hospital at the lake, south")
	s := tuitest.New(t, tui.Options{Opener: o, Clock: noon}).Unlock(passphrase)
	if s.Expect("from clinic"); strings.Count(s.Text(), "record ") != 2 {
		t.Error(s.Text())
	}
}

func TestALineSessionTellsNamesakesApart(t *testing.T) {
	r, _, err := talk(t, namesakes(t, "hospital"), passphrase, "1", "sam", "1", "0", "0")
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	if !strings.Contains(r.heard.String(), "from clinic, id p1") || !strings.Contains(r.heard.String(), "from hospital, id p1") {
		t.Error(r.heard.String())
	}
	r.expect("Chart of Sensor, Sam", "Another patient here has this name and birth date. This one is from ")
}
