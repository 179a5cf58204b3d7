package synth

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// required are the elements that FHIR R4 demands of each type; x stands for a
// choice of types, as in medication[x].
var required = map[string][]string{
	"Patient": {}, "Practitioner": {}, "Organization": {"name"}, "Location": {"name"}, "CareTeam": {},
	"Encounter":            {"status", "class"},
	"Condition":            {"subject", "code"},
	"Observation":          {"status", "code"},
	"DiagnosticReport":     {"status", "code"},
	"DocumentReference":    {"status", "content"},
	"MedicationRequest":    {"status", "intent", "medication[x]", "subject"},
	"MedicationStatement":  {"status", "medication[x]", "subject"},
	"AllergyIntolerance":   {"patient"},
	"Immunization":         {"status", "vaccineCode", "patient", "occurrence[x]"},
	"Procedure":            {"status", "subject"},
	"CarePlan":             {"status", "intent", "subject"},
	"Coverage":             {"status", "beneficiary", "payor"},
	"FamilyMemberHistory":  {"status", "patient", "relationship"},
	"Appointment":          {"status", "participant", "start", "end"},
	"Claim":                {"status", "type", "use", "patient", "created", "provider", "priority", "insurance"},
	"ExplanationOfBenefit": {"status", "type", "use", "patient", "created", "insurer", "provider", "outcome", "insurance"},
}

// The forms of primitive types (FHIR R4, datatypes).
var (
	formID       = regexp.MustCompile(`^[A-Za-z0-9.-]{1,64}$`)
	formDecimal  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	formDate     = regexp.MustCompile(`^[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$`)
	formDateTime = regexp.MustCompile(`^[12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?)?)?$`)
	formInstant  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T.*(Z|[+-][0-9]{2}:[0-9]{2})$`)
	formRef      = regexp.MustCompile(`^(#[A-Za-z0-9.-]+|[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}|urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z][A-Za-z]+\?identifier=\S+\|\S+)$`)
	dates        = []string{"birthDate", "servicedDate"}
	dateTimes    = []string{"effectiveDateTime", "onsetDateTime", "abatementDateTime", "recordedDate", "occurrenceDateTime", "authoredOn", "dateAsserted",
		"deceasedDateTime", "created", "date", "start", "end", "valueDateTime", "time"}
	instants = []string{"issued", "lastUpdated"}
)

func TestEveryResourceHasValidShape(t *testing.T) {
	seen, wrong := map[string]int{}, map[string]int{}
	for b := range New(Options{Seed: 6, Patients: 150}).Resources() {
		r := parse(t, b)
		kind, _ := r["resourceType"].(string)
		seen[kind]++
		need, ok := required[kind]
		if !ok {
			t.Fatalf("unexpected type %q", kind)
		}
		for _, k := range need {
			if !has(r, k) {
				t.Errorf("%s without %s:\n%.600s", kind, k, b)
			}
		}
		if firstCode(r["verificationStatus"]) == "entered-in-error" {
			wrong[kind]++
		}
		checkInvariants(t, kind, r)
		checkValues(t, kind, r)
		if t.Failed() {
			t.Fatalf("in\n%.2000s", b)
		}
	}
	if wrong["Condition"] == 0 || wrong["AllergyIntolerance"] == 0 {
		t.Errorf("entered in error: %v; the sample does not show those rules", wrong)
	}
	for kind := range required {
		if seen[kind] == 0 {
			t.Errorf("no %s among 150 patients", kind)
		}
	}
}

func has(r map[string]any, key string) bool {
	stem, choice := strings.CutSuffix(key, "[x]")
	for k := range r {
		if k == key || choice && strings.HasPrefix(k, stem) {
			return true
		}
	}
	return false
}

func firstCode(v any) string {
	m, _ := v.(map[string]any)
	list, _ := m["coding"].([]any)
	if len(list) == 0 {
		return ""
	}
	return list[0].(map[string]any)["code"].(string)
}

// checkInvariants holds a resource to the constraints that a careless
// generator breaks: obs-6, con-4, con-5, ait-1, ait-2, app-1.
func checkInvariants(t *testing.T, kind string, r map[string]any) {
	t.Helper()
	wrong := firstCode(r["verificationStatus"]) == "entered-in-error"
	switch kind {
	case "Observation":
		if has(r, "value[x]") == (has(r, "dataAbsentReason") || has(r, "component")) {
			t.Error("an Observation needs a value, components or a reason, and only one of them")
		}
	case "Condition", "AllergyIntolerance":
		if has(r, "clinicalStatus") == wrong {
			t.Error("clinicalStatus and entered-in-error exclude each other")
		}
		if has(r, "abatementDateTime") && firstCode(r["clinicalStatus"]) != "resolved" {
			t.Error("abated but not resolved")
		}
	case "Appointment":
		for _, p := range r["participant"].([]any) {
			if !has(p.(map[string]any), "actor") {
				t.Error("participant without actor")
			}
		}
	}
}

// checkValues holds every value below v to the form of its type.
func checkValues(t *testing.T, key string, v any) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			t.Errorf("%s: empty object", key)
		}
		for k, x := range v {
			if list, ok := x.([]any); ok {
				if len(list) == 0 {
					t.Errorf("%s: empty array", k)
				}
				for _, e := range list {
					if e == nil && v["_"+strings.TrimPrefix(k, "_")] == nil {
						t.Errorf("%s: null without a partner", k)
					}
					checkValues(t, k, e)
				}
				continue
			}
			checkValues(t, k, x)
		}
	case string:
		checkString(t, key, v)
	case json.Number:
		if !formDecimal.MatchString(v.String()) {
			t.Errorf("%s: %s is no decimal", key, v)
		}
	}
}

func checkString(t *testing.T, key, v string) {
	t.Helper()
	ok := strings.TrimSpace(v) != ""
	switch {
	case key == "id":
		ok = formID.MatchString(v)
	case key == "reference":
		ok = formRef.MatchString(v)
	case key == "data":
		_, err := base64.StdEncoding.Strict().DecodeString(v)
		ok = err == nil && v != ""
	case key == "div":
		ok = strings.HasPrefix(v, `<div xmlns="http://www.w3.org/1999/xhtml">`) && strings.HasSuffix(v, "</div>")
	case slices.Contains(dates, key):
		ok = formDate.MatchString(v)
	case slices.Contains(dateTimes, key):
		ok = formDateTime.MatchString(v)
	case slices.Contains(instants, key):
		ok = formInstant.MatchString(v) && formDateTime.MatchString(v)
	}
	if !ok {
		t.Errorf("%s: %q has not the form of its type", key, v)
	}
}
