package compose

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Field is one thing of a resource that can be changed by itself.
type Field struct {
	Key  Key
	Name string   // what was measured, of a value among several; else ""
	Text string   // as it stands; "" when it is not stated
	Of   []string // the codes that there are, where only those may stand
	Must bool     // it cannot be taken away
	Off  string   // why it cannot be changed by itself, a clause; "" when it can

	path   string   // where it stands, or would
	kind   kind     // how its text becomes JSON
	system string   // of a status that is made whole
	stale  []string // what is untrue once it has changed, or says the same
}

// Number reports whether only a number may stand there.
func (f Field) Number() bool { return f.kind == aNumber }

// kind is how a field's text becomes JSON.
type kind uint8

const (
	aString   kind = iota
	aNumber        // a decimal
	anAnswer       // a decimal or words: a value that is not there yet
	aDate          // a dateTime
	aDay           // a date
	aStatus        // a code inside a CodeableConcept of the type's own system
	aCoding        // the codings of a CodeableConcept
	someWords      // an array of strings
	aBody          // base64 of text
	alone          // can only be kept or taken away
)

// Fields gives what can be changed of a resource by itself, in the order of a
// form; nil for a type that has none. A field that is Off is there to be seen.
func Fields(resource []byte) []Field {
	d := json.NewDecoder(bytes.NewReader(resource))
	d.UseNumber()
	var root map[string]any
	if d.Decode(&root) != nil {
		return nil
	}
	r := reader{root}
	typ := r.text("resourceType")
	switch typ {
	case "Patient":
		return r.person()
	case "Observation":
		return r.observation()
	case "Condition":
		return slices.Concat(r.concept("code"), r.date(Date, "onset", "DateTime"), r.date(Ended, "abatement", "DateTime"),
			r.status(typ, "clinicalStatus", "condition-clinical"), r.remark())
	case "MedicationStatement":
		return slices.Concat(r.concept("medicationCodeableConcept"), r.dose("dosage"), r.date(Date, "effective", "DateTime"), r.status(typ, "status", ""), r.remark())
	case "MedicationRequest":
		return slices.Concat(r.concept("medicationCodeableConcept"), r.dose("dosageInstruction"), []Field{{Key: Date, Text: r.text("authoredOn"), path: "authoredOn", kind: aDate}},
			r.status(typ, "status", ""), r.remark())
	case "AllergyIntolerance":
		return slices.Concat(r.concept("code"), r.reaction(), r.date(Date, "onset", "DateTime"), r.status(typ, "clinicalStatus", "allergyintolerance-clinical"), r.remark())
	case "Immunization":
		return slices.Concat(r.concept("vaccineCode"), []Field{{Key: Lot, Text: r.text("lotNumber"), path: "lotNumber"}},
			r.date(Date, "occurrence", "DateTime"), r.status(typ, "status", ""), r.remark())
	case "DocumentReference":
		return r.document()
	}
	return nil
}

// reader looks into a resource by paths as fhir.Patch has them.
type reader struct{ root any }

func (r reader) at(path string) any {
	v := r.root
	for step := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (r reader) has(path string) bool { return r.at(path) != nil }

// text gives a string or a number as it is written, "" for anything else.
func (r reader) text(path string) string {
	switch x := r.at(path).(type) {
	case string:
		return x
	case json.Number:
		return x.String()
	}
	return ""
}

func (r reader) count(path string) int {
	list, _ := r.at(path).([]any)
	return len(list)
}

const byJSON = "it is more than one text can hold"

// concept gives the words and the code of a CodeableConcept.
func (r reader) concept(path string) []Field {
	words := Field{Key: Display, path: path + ".text", Text: r.text(path + ".text"), Must: true}
	code := Field{Key: Code, path: path + ".coding", kind: aCoding}
	if words.Text == "" {
		words.Text = r.text(path + ".coding.0.display")
	}
	if c := r.text(path + ".coding.0.code"); c != "" {
		code.Text = ShortCode(r.text(path+".coding.0.system"), c)
	}
	if _, is := r.at(path).(map[string]any); !is {
		words.Off = "it is a reference to another record"
		code.Off = words.Off
	}
	return []Field{words, code}
}

// date gives the dateTime among the forms that a time of a resource may have.
func (r reader) date(key Key, name, form string) []Field {
	f := Field{Key: key, path: name + form, Text: r.text(name + form), kind: aDate}
	for _, other := range []string{"Age", "Period", "Range", "String", "Timing", "Instant"} {
		if r.has(name + other) {
			f.Off = "it is stated in another form than a date"
		}
	}
	return []Field{f}
}

// status gives a code, which in some types stands in a CodeableConcept.
func (r reader) status(typ, path, system string) []Field {
	f := Field{Key: Status, path: path, Of: Statuses(typ), Text: r.text(path), Must: true}
	if _, plain := r.at(path).(string); system == "" || plain {
		return []Field{f}
	}
	f.kind, f.system = aStatus, terminology+system
	switch f.Text = r.text(path + ".coding.0.code"); {
	case !r.has(path):
	case r.has(path + ".coding"):
		f.path, f.system = path+".coding.0.code", ""
		f.stale = []string{path + ".coding.0.display", path + ".text"}
		if r.count(path+".coding") != 1 {
			f.Off = byJSON
		}
	default: // words alone
		f.Text = r.text(path + ".text")
	}
	return []Field{f}
}

func (r reader) remark() []Field {
	f := Field{Key: Text, path: "note.0.text", Text: r.text("note.0.text")}
	if r.count("note") > 1 {
		f.Off = "there is more than one"
	}
	return []Field{f}
}

func (r reader) dose(path string) []Field {
	f := Field{Key: Dose, path: path + ".0.text", Text: r.text(path + ".0.text")}
	first, _ := r.at(path + ".0").(map[string]any)
	if r.count(path) > 1 || len(first) > 1 || len(first) == 1 && f.Text == "" {
		f.Off = "it is stated in parts, which must not contradict each other"
	}
	return []Field{f}
}

func (r reader) reaction() []Field {
	const path = "reaction.0.manifestation"
	f := Field{Key: Reaction, path: path + ".0.text", Text: r.text(path + ".0.text")}
	if r.count("reaction") > 1 || r.count(path) > 1 || r.has(path+".0.coding") || r.has("reaction") && f.Text == "" {
		f.Off = byJSON
	}
	first, _ := r.at("reaction.0").(map[string]any)
	f.Must = len(first) > 1 // its severity say
	return []Field{f}
}

func (r reader) person() []Field {
	n := 0 // the official name, else the first
	for i := range r.count("name") {
		if use := r.text(fmt.Sprintf("name.%d.use", i)); use == "official" || use == "usual" {
			n = i
			break
		}
	}
	path := fmt.Sprintf("name.%d.", n)
	family := Field{Key: Family, path: path + "family", Text: r.text(path + "family"), stale: []string{path + "text"}}
	given := Field{Key: Given, path: path + "given", kind: someWords, stale: []string{path + "text"}}
	list, _ := r.at(path + "given").([]any)
	for _, g := range list {
		word, _ := g.(string)
		if given.Text += " " + word; word == "" || strings.Contains(word, " ") {
			given.Off = byJSON
		}
	}
	given.Text = strings.TrimPrefix(given.Text, " ")
	if r.has(path + "_given") {
		given.Off = byJSON
	}
	if r.has(path+"family") && family.Text == "" {
		family.Off = byJSON
	}
	return []Field{family, given, {Key: BirthDate, path: "birthDate", Text: r.text("birthDate"), kind: aDay},
		{Key: Gender, path: "gender", Text: r.text("gender"), Of: Genders()}}
}

// document gives the fields of a note: a DocumentReference with one text in it.
func (r reader) document() []Field {
	const file = "content.0.attachment."
	title := Field{Key: Display, path: "description", Text: r.text("description")}
	date := Field{Key: Date, path: "date", Text: r.text("date"), kind: aDate}
	if date.Text == "" {
		date.path, date.Text = file+"creation", r.text(file+"creation")
	}
	body := Field{Key: Text, path: file + "data", kind: aBody, Must: true, stale: []string{file + "size", file + "hash"}}
	text, err := base64.StdEncoding.DecodeString(r.text(file + "data"))
	switch kind := r.text(file + "contentType"); {
	case r.count("content") != 1 || !strings.HasPrefix(kind, "text/") || len(text) == 0:
		body.Off = "it is not one text inside of the record"
	case err != nil || !utf8.Valid(text):
		body.Off = "its text is not in UTF-8"
	default:
		body.Text = string(text)
	}
	return slices.Concat([]Field{title, date}, r.status("DocumentReference", "status", ""), []Field{body})
}
