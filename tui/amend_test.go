package tui_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"

	"phivault/tui/tuitest"
	"phivault/vault"
)

// Each is laid out as nobody would compose it, and holds what no form knows.
var odd = []string{
	`{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}]}`,
	`{"resourceType":"Observation" ,"id":"lab","x":[1.00],"subject":{"reference":"Patient/p1"},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"valueQuantity":{"value":6.30,"extension":[{"url":"u","valueDecimal":0.10}],"unit":"%"},"interpretation":[{"coding":[{"code":"H"}]}],"effectiveDateTime":"2024-06-01"}`,
	`{"resourceType":"Observation","id":"bp","subject":{"reference":"Patient/p1"},"status":"final","code":{"text":"Pressure"},"component":[{"code":{"text":"Systolic"},"valueQuantity":{"value":128,"unit":"mmHg"}},{"code":{"text":"Diastolic"},"valueQuantity":{"value":82.0,"unit":"mmHg"}}],"effectiveDateTime":"2024-05-01"}`,
	`{"resourceType":"Condition","id":"gout","subject":{"reference":"Patient/p1"},"_note":1,"clinicalStatus":{"coding":[{"code":"active","extension":[{"url":"u"}]}]},"code":{"text":"Gout"},"onsetDateTime":"2019"}`,
	`{"resourceType":"MedicationRequest","id":"med","subject":{"reference":"Patient/p1"},"status":"active","intent":"order","medicationCodeableConcept":{"text":"Allopurinol"},"dosageInstruction":[{"text":"100 mg","doseAndRate":[{"doseQuantity":{"value":100.0}}]}],"authoredOn":"2024-01-01"}`,
	`{"resourceType":"AllergyIntolerance","id":"all","patient":{"reference":"Patient/p1"},"clinicalStatus":{"coding":[{"code":"active"}]},"code":{"text":"Penicillin"},"reaction":[{"manifestation":[{"text":"Rash"}],"severity":"mild"}]}`,
	`{"resourceType":"Immunization","id":"imm","patient":{"reference":"Patient/p1"},"status":"completed","vaccineCode":{"text":"Influenza"},"lotNumber":"A1","occurrenceDateTime":"2023-10-01"}`,
	`{"resourceType":"DocumentReference","id":"doc","subject":{"reference":"Patient/p1"},"status":"current","description":"Call","content":[{"attachment":{"contentType":"text/plain","data":"` + base64.StdEncoding.EncodeToString([]byte("First line\nsecond")) + `","size":17}}]}`,
	`{"resourceType":"Encounter","id":"enc","subject":{"reference":"Patient/p1"},"status":"finished","class":{"code":"AMB"},"type":[{"text":"Checkup"}]}`,
}

func oddVault(t *testing.T) *opener {
	return filled(t, func(w io.Writer) {
		for _, l := range odd {
			fmt.Fprintln(w, l)
		}
	})
}

// stored gives the JSON of the record with the FHIR id, and its version.
func stored(t *testing.T, o *opener, id string) (string, int) {
	t.Helper()
	for r, err := range o.open.Find(t.Context(), vault.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Resource.ID == id {
			return string(r.Resource.JSON), r.Version
		}
	}
	t.Fatal("no record", id)
	return "", 0
}

func TestAFormReplacesOnlyWhatWasChanged(t *testing.T) {
	o := oddVault(t)
	s := sit(t, o).Unlock(passphrase).Screen("chart summary")
	for _, c := range []struct {
		id, find, old, new string
		do                 func(*tuitest.Session)
	}{
		{"bp", "Pressure", `"value":128`, `"value":131`, func(s *tuitest.Session) { to(s, "Systolic (mmHg)").Press("ctrl+u").Type("131") }},
		{"gout", "Gout", `"active"`, `"relapse"`, func(s *tuitest.Session) { to(s, "Status").Press("right", "right") }},
		{"med", "Allopurinol", `"2024-01-01"`, `"2024-02-01"`, func(s *tuitest.Session) {
			to(s, "Dose").Expect("= 100 mg", "stated in parts").Type("x").Expect("cannot be changed here").Press("ctrl+u").Expect("= 100 mg")
			to(s, "Date").Press("ctrl+u").Type("2024-02-01")
		}},
		{"all", "Penicillin", `"Rash"`, `"Hives"`, func(s *tuitest.Session) { to(s, "Reaction").Press("ctrl+u").Type("Hives") }},
		{"imm", "Influenza", `"A1"`, `"A12"`, func(s *tuitest.Session) { to(s, "Lot").Type("2") }},
		{"doc", "Call", base64.StdEncoding.EncodeToString([]byte("First line\nsecond")) + `","size":17`, base64.StdEncoding.EncodeToString([]byte("First line\nsecond\nthird")) + `"`,
			func(s *tuitest.Session) {
				to(s, "Text").Expect("First line", "second").Press("down", "end", "enter").Type("third").Expect("third")
			}},
	} {
		before, _ := stored(t, o, c.id)
		s.Press("/").Type(c.find).Press("enter").Screen("record").Press("e").Screen("edit")
		c.do(s)
		s.Press("ctrl+s").Screen("record").Expect("Saved as version 2.", "Version 2 of 2")
		after, version := stored(t, o, c.id)
		if want := strings.Replace(before, c.old, c.new, 1); after != want || version != 2 {
			t.Errorf("%s: version %d\n%s\nnot\n%s", c.id, version, after, want)
		}
		s.Leave("chart")
	}
}

// to goes to the field with the label.
func to(s *tuitest.Session, label string) *tuitest.Session {
	for range 12 {
		if strings.Contains(s.Text(), "› "+label) {
			return s
		}
		s.Press("tab")
	}
	return s.Expect("› " + label)
}

func TestAFlagOutlivesItsValueOnlyWhenSaidSo(t *testing.T) {
	o := oddVault(t)
	before := odd[1]
	s := sit(t, o).Unlock(passphrase).Press("/").Type("HbA1c").Press("enter").Press("e").Screen("edit")
	to(s, "Value").Press("ctrl+u").Type("5.90").Press("ctrl+s").Screen("edit").Expect("The flag was stated for the value before", "› Flag")
	s.Press("ctrl+s").Screen("record").Expect("Saved as version 2.", "5.90 %")
	after, _ := stored(t, o, "lab")
	if want := strings.Replace(before, "6.30", "5.90", 1); after != want {
		t.Errorf("%s\nnot\n%s", after, want)
	}
	s.Press("e")
	to(s, "Flag").Press("ctrl+u", "ctrl+s").Screen("record").Expect("Saved as version 3.")
	after, _ = stored(t, o, "lab")
	if want := strings.NewReplacer("6.30", "5.90", `"interpretation":[{"coding":[{"code":"H"}]}],`, "").Replace(before); after != want {
		t.Errorf("%s\nnot\n%s", after, want)
	}
}

func TestAFormIsLeftOnlyOnPurposeAndSaysWhatIsWrong(t *testing.T) {
	o := oddVault(t)
	s := sit(t, o).Unlock(passphrase).Press("/").Type("HbA1c").Press("enter").Press("e").Screen("edit")
	s.Press("ctrl+s").Expect("Nothing was changed")
	to(s, "Date").Press("ctrl+u").Type("June").Press("ctrl+s").Expect("Date is not a date")
	to(s, "Value").Press("ctrl+u").Type("high").Press("ctrl+u").Press("ctrl+s").Expect("Value is needed")
	s.Type("high")
	to(s, "Date").Press("ctrl+u").Press("ctrl+s").Expect("Value is not a number", "› Value")
	s.Paste(strings.Repeat("1", 1<<20)).Expect("too long")
	s.Press("esc").Screen("edit").Expect("Esc again drops them").Press("esc").Screen("record").Expect("6.30 %", "Version 1 of 1")
	if _, version := stored(t, o, "lab"); version != 1 {
		t.Error("something was saved")
	}
	// What has no form is edited as JSON, and what has one can be.
	s.Press("J").Screen("editor").Press("esc").Leave("search").Press("ctrl+u").Type("Checkup").Press("enter").Screen("record").Press("e").Screen("editor")
}
