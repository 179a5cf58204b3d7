package fhir

import (
	"strings"
	"testing"

	"phivault/vault"
)

// written gives a view as text, two spaces for each depth.
func written(r *vault.Resource) string {
	var b strings.Builder
	for _, l := range View(r) {
		b.WriteString(strings.TrimRight(strings.Repeat("  ", l.Depth)+l.Label+": "+l.Text, " ") + "\n")
	}
	return b.String()
}

func TestReadableViews(t *testing.T) {
	tests := []struct{ name, json, want string }{
		{"an observation without a range says so", `{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2339-0"}],"text":"Glucose"},
			"text":{"status":"generated","div":"<div>The same again</div>"},
			"subject":{"reference":"Patient/1"},"valueQuantity":{"value":6.30,"unit":"mmol/L"}}`, `
Observation: Glucose
Measured: Glucose (LOINC 2339-0)
Value: 6.30 mmol/L
  Range: no range supplied
Status: final
Date: not stated
Patient: Patient/1
FHIR id: o1
`},
		{"a flag and a range as stated, components apart", `{"resourceType":"Observation","status":"entered-in-error","code":{"text":"BP"},"effectiveDateTime":"2020",
			"component":[{"code":{"text":"Systolic"},"valueQuantity":{"value":190,"unit":"mmHg"},"interpretation":[{"coding":[{"code":"HH"}]}],
			"referenceRange":[{"low":{"value":90},"high":{"value":140}}],"extension":[{"url":"http://x.example/cuff","valueString":"large"}]},
			{"code":{"text":"Diastolic"},"dataAbsentReason":{"text":"not heard"}}]}`, `
Observation: BP
Caution: entered in error
Measured: BP
Systolic: 190 mmHg
  Flag: ▲▲ HH, critically high
  Range: 90–140 mmHg
  cuff: large
Diastolic: no value: not heard
  Range: no range supplied
Status: entered-in-error
Date: 2020
`},
		{"what is unknown about an allergy is written out", `{"resourceType":"AllergyIntolerance","code":{"text":"Peanut"},"clinicalStatus":{"coding":[{"code":"active"}]},"patient":{"reference":"Patient/1"}}`, `
Allergy intolerance: Peanut
Substance: Peanut
Clinical status: active
Verification: not stated
Criticality: not stated
Reaction: not stated
Patient: Patient/1
`},
		{"a prescription that forbids", `{"resourceType":"MedicationRequest","status":"active","doNotPerform":true,"modifierExtension":[{"url":"http://x.example/m/odd","valueBoolean":true}],
			"medicationReference":{"reference":"#m"},"contained":[{"resourceType":"Medication","id":"m","code":{"text":"Codeine"}}],
			"dosageInstruction":[{"text":"none at all","doseAndRate":[{"doseQuantity":{"value":0.0,"unit":"mg"}}]}]}`, `
Medication request: do not perform: Codeine
Caution: do not perform
Caution: holds an extension that may change its meaning
Medication: Codeine
Status: active
Dosage:
  Text: none at all
  Dose and rate:
    Dose quantity: 0.0 mg
Do not perform: yes
odd (may change the meaning): yes
Contained medication: Codeine
  Code: Codeine
  FHIR id: m
`},
		{"a patient", `{"resourceType":"Patient","name":[{"use":"official","family":"Ríos","given":["Ana"]}],"gender":"female","deceasedBoolean":false,
			"telecom":[{"system":"phone","value":"555-0100","use":"home"}],"address":[{"line":["1 Way"],"city":"Town","country":"NL"}],
			"identifier":[{"type":{"text":"MRN"},"value":"77"}],"contact":[{"relationship":[{"text":"sister"}],"name":{"family":"Ríos","given":["Eva"]}}],
			"_birthDate":{"extension":[{"url":"http://x.example/absent","valueCode":"masked"}]}}`, `
Patient: Ana Ríos
Name: Ana Ríos, official
Born: not stated
Gender: female
Died: no
Identifier: 77 (MRN)
Contact: phone 555-0100, home
Address: 1 Way, Town, NL
Contact person:
  Relationship: sister
  Name: Eva Ríos
Birth date:
  absent: masked
`},
		{"a document with its text", `{"resourceType":"DocumentReference","status":"current","docStatus":"preliminary","type":{"text":"Letter"},"date":"2020-01-01T00:00:00Z",
			"content":[{"attachment":{"contentType":"text/html","title":"L","data":"` + b64("<h1>Dear</h1><p>All is <b>well</b>.<br>Yours</p>") + `"}},{"attachment":{"contentType":"image/png","data":"AAAA"}}]}`, `
Document reference: Letter
Kind: Letter
Status: current
Document status: preliminary
Date: 2020-01-01T00:00:00Z
Content:
  Attachment: L, text/html, 48 bytes
    Text: Dear
    : All is well.
    : Yours
Content:
  Attachment: image/png, 3 bytes
`},
		{"sections in sections", `{"resourceType":"Composition","status":"final","title":"Summary","type":{"text":"IPS"},"date":"2020","section":[{"title":"Allergies","text":{"status":"additional","div":"<div><p>None known</p></div>"},
			"section":[{"code":{"text":"Food"},"emptyReason":{"text":"unavailable"}}]}]}`, `
Composition: Summary
Title: Summary
Kind: IPS
Status: final
Date: 2020
Section: Allergies
  Text: None known
  Section: Food
    Code: Food
    Empty reason: unavailable
`},
		{"any other type is a tree", `{"resourceType":"Zebra","stripes":[{"width":1.50,"at":{"start":"2020"}},{"width":2}],"notes":["a\nb"],"ratio":{"numerator":{"value":1},"denominator":{"value":3}},
			"span":{"low":{"value":1,"unit":"m"}},"tags":[{"system":"s","code":"c","display":"C"}],"text":{"status":"additional","div":"<div>By <i>hand</i></div>"},
			"meta":{"security":[{"code":"R","display":"restricted"}]},"deep":{"er":{"still":true}}}`, `
Zebra: By hand
Stripes:
  Width: 1.50
  At: from 2020
Stripes:
  Width: 2
Notes: a
: b
Ratio: 1:3
Span: >=1 m
Tags: C
Deep:
  Er:
    Still: yes
Text: By hand
Security label: restricted
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := mustParse(t, test.json)
			if got := "\n" + written(&r); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

// Every word and number of a resource is somewhere in its view: what a list of
// fields does not name, the tree does.
func TestAViewLeavesNothingOut(t *testing.T) {
	for typ := range fields {
		if typ == "Binary" {
			continue
		}
		r := mustParse(t, `{"resourceType":"`+typ+`","code":{"text":"w01","coding":[{"display":"x","extension":[{"url":"e","valueString":"w02"}]}]},
			"component":[{"code":{"text":"w03"},"valueString":"w04","odd":"w05"}],"reaction":[{"manifestation":[{"text":"w06"}],"extension":[{"url":"e","valueString":"w07"}]}],
			"valueSampledData":{"origin":{"value":1},"lowerLimit":777},"subject":{"reference":"w08/1","display":"w09"},"strange":{"er":[[{"x":"w10"}]]},
			"section":[{"title":"w11","entry":[{"display":"w12"}]}],"note":[{"text":"w13","time":"w14"}],"content":[{"attachment":{"title":"w15"}}],
			"period":{"start":"w16","extension":[{"url":"e","valueString":"w17"}]},"contained":[{"resourceType":"Basic","x":"w18"}],
			"status":"w19","telecom":[{"system":"phone","value":"w20","period":{"end":"w21"}}],"extension":[{"url":"http://e/w22","extension":[{"url":"in","valueCode":"w23"}]}]}`)
		text := written(&r)
		for _, word := range strings.Fields("w01 w03 w04 w05 w06 w07 w08 w09 w10 w11 w12 w13 w14 w15 w16 w17 w18 w19 w20 w21 w22 w23 777") {
			if !strings.Contains(text, word) {
				t.Errorf("%s: %s is missing in\n%s", typ, word, text)
			}
		}
	}
}

func TestACutAttachmentIsShownBySize(t *testing.T) {
	json := []byte(`{"resourceType":"Binary","contentType":"application/pdf","data":""}`)
	r, err := Parse(json, []vault.Cut{{Offset: int64(len(json) - 2), Size: 123456}})
	if err != nil {
		t.Fatal(err)
	}
	if got := written(&r); !strings.Contains(got, "Content: 123456 bytes\n") {
		t.Error(got)
	}
}

func TestAViewOfBrokenBytesSaysSo(t *testing.T) {
	for _, json := range []string{"", "{", "[]", `"x"`} {
		if got := View(&vault.Resource{JSON: []byte(json)}); len(got) != 1 || got[0].Label != "Problem" {
			t.Errorf("%q: %+v", json, got)
		}
	}
}

func TestWords(t *testing.T) {
	for name, want := range map[string]string{"clinicalStatus": "Clinical status", "AllergyIntolerance": "Allergy intolerance", "_birthDate": "Birth date",
		"valueX12Range": "Value x12 range", "": "", "url": "Url", "doNotPerform": "Do not perform"} {
		if got := words(name); got != want {
			t.Errorf("%s gives %q, want %q", name, got, want)
		}
	}
}
