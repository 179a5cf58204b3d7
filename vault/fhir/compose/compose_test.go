package compose

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"phivault/vault/fhir"
)

// Each is read back through the views that everything else uses.
func TestWhatIsComposedReadsAsItWasWritten(t *testing.T) {
	for _, c := range []struct {
		typ  string
		in   Values
		want []string // title, value, unit, status, date, code
	}{
		{"Observation", Values{Code: "4548-4", Display: "HbA1c", Value: "6.30", Unit: "%", Date: "2026-03-09"}, []string{"HbA1c", "6.30", "%", "final", "2026-03-09", "http://loinc.org|4548-4"}},
		{"Observation", Values{Display: "Culture", Value: "positive", Status: "amended"}, []string{"Culture", "positive", "", "amended", "", "|"}},
		{"Condition", Values{Code: "snomed|90560007", Display: "Gout", Date: "2019"}, []string{"Gout", "", "", "active", "2019", "http://snomed.info/sct|90560007"}},
		{"MedicationStatement", Values{Display: "Ibuprofen", Dose: "400 mg at night"}, []string{"Ibuprofen", "400 mg at night", "", "active", "", "|"}},
		{"AllergyIntolerance", Values{Display: "Penicillin", Reaction: "Rash", Status: "resolved"}, []string{"Penicillin", "", "", "resolved", "", "|"}},
		{"Immunization", Values{Code: "cvx|141", Display: "Influenza", Lot: "A<1>", Date: "2025-10"}, []string{"Influenza", "", "", "completed", "2025-10", "http://hl7.org/fhir/sid/cvx|141"}},
		{"DocumentReference", Values{Display: "Call", Text: "She is well.\nNo fever.", Date: "2026-03-09"}, []string{"Call", "", "", "current", "2026-03-09", "|"}},
		{"Patient", Values{Family: "O'Neil", Given: "Ada May", BirthDate: "1970-01", Gender: "female"}, []string{"Ada May O'Neil", "", "", "", "1970-01", "|"}},
		{"Patient", Values{Name: "Madonna"}, []string{"Madonna", "", "", "", "", "|"}},
	} {
		b := New(c.typ, "Patient/p1", c.in)
		r, err := fhir.Parse(b, nil)
		if err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		got := []string{r.Title, r.Value, r.Unit, r.Status, r.Date, r.Code.System + "|" + r.Code.Code}
		if strings.Join(got, "·") != strings.Join(c.want, "·") {
			t.Errorf("%s\n got %q\nwant %q", b, got, c.want)
		}
		if len(r.ID) != 32 || c.typ != "Patient" && r.Subject != "Patient/p1" {
			t.Errorf("%s: about %q", c.typ, r.Subject)
		}
		// The fields of what was made are what was written.
		for _, f := range Fields(b) {
			want, ok := c.in[f.Key]
			switch {
			case f.Off != "":
				t.Errorf("%s %s: %s", c.typ, f.Key, f.Off)
			case ok && f.Text != want && f.Key != Code && f.Key != Value:
				t.Errorf("%s %s is %q, not %q", c.typ, f.Key, f.Text, want)
			}
		}
	}
}

func TestVitalSignsAreOnePanelAndSingleValues(t *testing.T) {
	list := Vitals("Patient/p1", "2026-03-09", map[string]string{"Systolic": "128", "Diastolic": "82", "Weight": "71.50"})
	if len(list) != 2 {
		t.Fatalf("%d", len(list))
	}
	panel, err := fhir.Parse(list[0], nil)
	if err != nil || panel.Code.Code != "85354-9" || panel.Value != "128/82" {
		t.Errorf("%s %v", list[0], err)
	}
	weight, err := fhir.Parse(list[1], nil)
	if err != nil || weight.Value != "71.50" || weight.Unit != "kg" || weight.Subject != "Patient/p1" {
		t.Errorf("%s %v", list[1], err)
	}
	fields := Fields(list[0])
	if f := fields[2]; f.Key != "component.0" || f.Name != "Systolic blood pressure (mmHg)" || f.Text != "128" {
		t.Errorf("%+v", f)
	}
	b, err := Change(list[0], Values{"component.1": "84.0"})
	if want := strings.Replace(string(list[0]), `"value":82`, `"value":84.0`, 1); err != nil || string(b) != want {
		t.Errorf("%v\n%s", err, b)
	}
}

func TestAChangeReplacesItsFieldAndWhatItMakesUntrue(t *testing.T) {
	const lab = `{ "resourceType":"Observation","id":"o","x-unknown":[1.00,{"a":null}],"status":"final","_status":{"extension":[{"url":"u","valueDecimal":1.50}]},
 "code":{"coding":[{"system":"http://loinc.org","code":"4548-4","display":"A1c"},{"code":"local"}],"text":"HbA1c"},"valueQuantity":{"value":6.30,"unit":"%","system":"http://unitsofmeasure.org","code":"%"}}`
	const flagged = `{"resourceType":"Observation","id":"o","status":"final","code":{"text":"K"},"valueQuantity":{"value":6.9,"unit":"mmol/l"},"interpretation":[{"coding":[{"code":"HH","display":"Critical"}]}],"referenceRange":[{"high":{"value":5.1}}]}`
	const gout = `{"resourceType":"Condition","id":"c","clinicalStatus":{"coding":[{"system":"s","code":"active","display":"Active"}],"text":"on"},"code":{"text":"Gout"},"note":[{"text":"a","authorString":"b"}]}`
	for _, c := range []struct {
		name, in string
		change   Values
		old, new string // a run of the resource and what it becomes
	}{
		{"digits", lab, Values{Value: "6.40"}, `"value":6.30`, `"value":6.40`},
		{"what is as it was", lab, Values{Value: "6.30", Unit: "%", Display: "HbA1c", Code: "loinc|4548-4"}, ``, ``},
		{"a unit's code goes", lab, Values{Unit: "mmol/mol"}, `"unit":"%","system":"http://unitsofmeasure.org","code":"%"`, `"unit":"mmol/mol"`},
		{"other codings of the old code go", lab, Values{Code: "loinc|17856-6"}, `[{"system":"http://loinc.org","code":"4548-4","display":"A1c"},{"code":"local"}]`, `[{"system":"http://loinc.org","code":"17856-6"}]`},
		{"words", lab, Values{Display: `A "1" <c>`}, `"HbA1c"`, `"A \"1\" <c>"`},
		{"status", lab, Values{Status: "corrected"}, `"final"`, `"corrected"`},
		{"a date that was not there", lab, Values{Date: "2024-01"}, `"code":"%"}}`, `"code":"%"}, "effectiveDateTime":"2024-01"}`},
		{"a remark", gout, Values{Text: "c"}, `"text":"a"`, `"text":"c"`},
		{"a remark taken away", gout, Values{Text: ""}, `,"note":[{"text":"a","authorString":"b"}]`, ``},
		{"a flag kept", flagged, Values{Value: "5.0", Flag: "HH"}, `6.9`, `5.0`},
		{"a flag changed", flagged, Values{Value: "5.0", Flag: "H"}, `6.9,"unit":"mmol/l"},"interpretation":[{"coding":[{"code":"HH","display":"Critical"}]}]`, `5.0,"unit":"mmol/l"},"interpretation":[{"coding":[{"code":"H"}]}]`},
		{"a flag taken away", flagged, Values{Value: "5.0", Flag: ""}, `6.9,"unit":"mmol/l"},"interpretation":[{"coding":[{"code":"HH","display":"Critical"}]}]`, `5.0,"unit":"mmol/l"}`},
		{"a status in a concept", gout, Values{Status: "resolved"}, `{"coding":[{"system":"s","code":"active","display":"Active"}],"text":"on"}`, `{"coding":[{"system":"s","code":"resolved"}]}`},
		{"a status in words", `{"resourceType":"Condition","clinicalStatus":{"text":"on"}}`, Values{Status: "active"}, `{"text":"on"}`, `{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]}`},
		{"no status", `{"resourceType":"AllergyIntolerance"}`, Values{Status: "active"}, `rance"`, `rance","clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}`},
		{"the official name", `{"resourceType":"Patient","name":[{"use":"old","family":"A"},{"use":"official","family":"B","given":["C"],"text":"C B"}]}`, Values{Family: "D", Given: "E F"}, `"B","given":["C"],"text":"C B"`, `"D","given":["E","F"]`},
		{"a note's text", `{"resourceType":"DocumentReference","content":[{"attachment":{"contentType":"text/plain","data":"YQ==","size":1,"hash":"x","title":"t"}}]}`, Values{Text: "a\nb"}, `"YQ==","size":1,"hash":"x"`, `"YQpi"`},
		{"no value", `{"resourceType":"Observation","dataAbsentReason":{"text":"x"}}`, Values{Value: "1.0", Unit: "g"}, `"dataAbsentReason":{"text":"x"}`, `"valueQuantity":{"value":1.0,"unit":"g"}`},
		{"no value, in words", `{"resourceType":"Observation"}`, Values{Value: "red"}, `n"`, `n","valueString":"red"`},
		{"a dose", `{"resourceType":"MedicationRequest","dosageInstruction":[{"text":"1"}],"medicationCodeableConcept":{"text":"M"}}`, Values{Dose: "2"}, `"1"`, `"2"`},
	} {
		got, err := Change([]byte(c.in), c.change)
		if want := strings.Replace(c.in, c.old, c.new, 1); err != nil || string(got) != want {
			t.Errorf("%s: %v\n%s\nnot\n%s", c.name, err, got, want)
		}
	}
}

func TestWhatOneTextCannotHoldIsRefused(t *testing.T) {
	observation := func(more string) string { return `{"resourceType":"Observation","code":{"text":"x"},` + more + `}` }
	for _, c := range []struct {
		in  string
		key Key
		to  string
		say string
	}{
		{observation(`"valueQuantity":{"value":5,"comparator":"<"}`), Value, "6", "stated with <"},
		{observation(`"valueQuantity":{"value":5}`), Value, "high", "is not a number"},
		{observation(`"valueQuantity":{"value":5}`), Value, "", "cannot be taken away"},
		{observation(`"valueCodeableConcept":{"text":"a"}`), Value, "b", "more than one text"},
		{observation(`"valueQuantity":{"value":5,"unit":"g"},"referenceRange":[{}]`), Unit, "mg", "range is in this unit"},
		{observation(`"valueQuantity":{"value":5},"interpretation":[{"coding":[{"code":"H"}]}]`), Value, "6", "flag was stated"},
		{observation(`"component":[{"code":{"text":"a"},"valueQuantity":{"value":1},"interpretation":[{}]}]`), "component.0", "2", "a flag was stated for it"},
		{observation(`"effectivePeriod":{}`), Date, "2024", "another form"},
		{observation(`"status":"final"`), Status, "done", "is none of"},
		{observation(`"status":"final"`), Date, "2024-13", "is not a date"},
		{observation(`"status":"final"`), Code, "a b  c", "is not a code"},
		{observation(`"status":"final"`), Lot, "1", "no field of this record"},
		{`{"resourceType":"MedicationRequest","dosageInstruction":[{"text":"1","route":{}}]}`, Dose, "2", "stated in parts"},
		{`{"resourceType":"MedicationRequest","dosageInstruction":[{"text":"1"},{"text":"2"}]}`, Dose, "2", "stated in parts"},
		{`{"resourceType":"MedicationRequest","medicationReference":{"reference":"#m"}}`, Display, "x", "reference to another record"},
		{`{"resourceType":"AllergyIntolerance","reaction":[{"severity":"severe","manifestation":[{"text":"a"}]}]}`, Reaction, "", "cannot be taken away"},
		{`{"resourceType":"AllergyIntolerance","reaction":[{"manifestation":[{"coding":[]}]}]}`, Reaction, "x", "more than one text"},
		{`{"resourceType":"DocumentReference","content":[{"attachment":{"contentType":"application/pdf","data":"YQ=="}}]}`, Text, "x", "not one text"},
		{`{"resourceType":"DocumentReference","date":"2024-01-01T00:00:00Z"}`, Date, "2024", "needs a time"},
		{`{"resourceType":"Patient","name":[{"given":["Mary Ann"]}]}`, Given, "Mary", "more than one text"},
		{`{"resourceType":"Encounter","status":"final"}`, Status, "x", "no field of this record"},
	} {
		got, err := Change([]byte(c.in), Values{c.key: c.to})
		var fe *FieldError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), c.say) || got != nil {
			t.Errorf("%s to %q in %s: %v", c.key, c.to, c.in, err)
		}
	}
}

func FuzzChange(f *testing.F) {
	f.Add(`{"resourceType":"Observation","component":[{"valueQuantity":{"value":1}}],"interpretation":[{}],"code":{"coding":[{}]}}`, "1")
	f.Add(`{"resourceType":"Patient","name":{"family":["x"]},"gender":1}`, "male")
	f.Add(`{"resourceType":"Condition","clinicalStatus":[],"note":{}}`, "")
	f.Fuzz(func(t *testing.T, in, to string) {
		if _, err := fhir.Parse([]byte(in), nil); err != nil {
			return // refused long before
		}
		for _, field := range Fields([]byte(in)) {
			got, err := Change([]byte(in), Values{field.Key: to, Flag: ""})
			var fe *FieldError
			switch {
			case err != nil && (!errors.As(err, &fe) || got != nil):
				t.Fatal(err)
			case err == nil && !json.Valid(got):
				t.Fatalf("%s to %q: %q", field.Key, to, got)
			}
		}
	})
}
