package tui

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"phivault/vault"
)

// member and object write JSON with its members in the order given.
type member struct {
	name  string
	value any
}
type object []member

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(m.name)
		b.Write(append(name, ':'))
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(m.value); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - 1) // Encode's line break
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o *object) put(name string, value any) { *o = append(*o, member{name, value}) }

// decimal is FHIR's (https://hl7.org/fhir/R4/datatypes.html#decimal).
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// systems are short names of code systems, as the command line has them.
var systems = map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "cvx": "http://hl7.org/fhir/sid/cvx",
	"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "icd10": "http://hl7.org/fhir/sid/icd-10-cm"}

const (
	loincSystem = "http://loinc.org"
	ucumSystem  = "http://unitsofmeasure.org"
)

// begin is what every composed resource begins with: an id, and whom it is about.
func begin(typ, subject, about string) object {
	o := object{{"resourceType", typ}, {"id", vault.NewID()}}
	if subject != "" {
		o.put(about, object{{"reference", subject}})
	}
	return o
}

// concept writes a code as it was typed, "loinc|4548-4" or words alone.
func concept(code, display string) object {
	var o object
	if code = strings.TrimSpace(code); code != "" {
		var coding object
		system, bare, ok := strings.Cut(code, "|")
		if long := systems[strings.ToLower(system)]; long != "" {
			system = long
		}
		if ok {
			coding.put("system", system)
			code = bare
		}
		coding.put("code", code)
		if display != "" {
			coding.put("display", display)
		}
		o.put("coding", []object{coding})
	}
	if display != "" {
		o.put("text", display)
	}
	return o
}

func coded(system, code string) object {
	return object{{"coding", []object{{{"system", system}, {"code", code}}}}}
}

const terminology = "http://terminology.hl7.org/CodeSystem/"

// quantity keeps the digits that were typed.
func quantity(value, unit, ucum string) object {
	q := object{{"value", json.RawMessage(value)}}
	if unit != "" {
		q.put("unit", unit)
	}
	if ucum != "" {
		q.put("system", ucumSystem)
		q.put("code", ucum)
	}
	return q
}

// vital is one vital sign of the form (https://hl7.org/fhir/R4/observation-vitalsigns.html).
type vital struct{ label, code, display, unit, ucum string }

var vitals = []vital{
	{"Systolic", "8480-6", "Systolic blood pressure", "mmHg", "mm[Hg]"},
	{"Diastolic", "8462-4", "Diastolic blood pressure", "mmHg", "mm[Hg]"},
	{"Heart rate", "8867-4", "Heart rate", "/min", "/min"},
	{"Respiratory rate", "9279-1", "Respiratory rate", "/min", "/min"},
	{"Temperature", "8310-5", "Body temperature", "Cel", "Cel"},
	{"Oxygen saturation", "2708-6", "Oxygen saturation in Arterial blood", "%", "%"},
	{"Weight", "29463-7", "Body weight", "kg", "kg"},
	{"Height", "8302-2", "Body height", "cm", "cm"},
}

func (v vital) concept() object {
	return object{{"coding", []object{{{"system", loincSystem}, {"code", v.code}, {"display", v.display}}}}, {"text", v.display}}
}

// composeVitals makes an Observation of each value given; the two pressures are
// one panel with two components.
func composeVitals(subject string, in map[string]string) (out []object) {
	observation := func(code object) object {
		o := begin("Observation", subject, "subject")
		o.put("status", "final")
		o.put("category", []object{coded(terminology+"observation-category", "vital-signs")})
		o.put("code", code)
		o.put("effectiveDateTime", in["Date"])
		return o
	}
	var parts []object
	for i, v := range vitals {
		value := in[v.label]
		if value == "" {
			continue
		}
		q := quantity(value, v.unit, v.ucum)
		if i < 2 {
			parts = append(parts, object{{"code", v.concept()}, {"valueQuantity", q}})
			continue
		}
		o := observation(v.concept())
		o.put("valueQuantity", q)
		out = append(out, o)
	}
	if len(parts) > 0 {
		panel := vital{code: "85354-9", display: "Blood pressure panel with all children optional"}
		o := observation(panel.concept())
		o.put("component", parts)
		out = append([]object{o}, out...)
	}
	return out
}

// compose makes one resource out of a form's values.
func compose(typ, subject string, in map[string]string) object {
	about := "subject"
	if typ == "AllergyIntolerance" || typ == "Immunization" {
		about = "patient"
	}
	o := begin(typ, subject, about)
	dated := func(name string) {
		if in["Date"] != "" {
			o.put(name, in["Date"])
		}
	}
	what := concept(in["Code"], in["What"])
	switch typ {
	case "Patient":
		name := object{{"family", in["Family name"]}}
		if given := strings.Fields(in["Given names"]); len(given) > 0 {
			name.put("given", given)
		}
		o.put("name", []object{name})
		if g := in["Gender"]; g != "not stated" {
			o.put("gender", g)
		}
		if in["Born"] != "" {
			o.put("birthDate", in["Born"])
		}
		return o
	case "Observation":
		o.put("status", in["Status"])
		o.put("code", what)
		dated("effectiveDateTime")
		if decimal.MatchString(in["Value"]) {
			o.put("valueQuantity", quantity(in["Value"], in["Unit"], ""))
		} else {
			o.put("valueString", strings.TrimSpace(in["Value"]+" "+in["Unit"]))
		}
	case "Condition":
		o.put("clinicalStatus", coded(terminology+"condition-clinical", in["Status"]))
		o.put("code", what)
		dated("onsetDateTime")
	case "MedicationStatement":
		o.put("status", in["Status"])
		o.put("medicationCodeableConcept", what)
		dated("effectiveDateTime")
		if in["Dose"] != "" {
			o.put("dosage", []object{{{"text", in["Dose"]}}})
		}
	case "AllergyIntolerance":
		o.put("clinicalStatus", coded(terminology+"allergyintolerance-clinical", in["Status"]))
		o.put("code", what)
		dated("onsetDateTime")
		if in["Reaction"] != "" {
			o.put("reaction", []object{{{"manifestation", []object{{{"text", in["Reaction"]}}}}}})
		}
	case "Immunization":
		o.put("status", in["Status"])
		o.put("vaccineCode", what)
		dated("occurrenceDateTime")
		if in["Lot"] != "" {
			o.put("lotNumber", in["Lot"])
		}
	case "DocumentReference":
		o.put("status", "current")
		dated("date")
		o.put("description", in["Title"])
		data := base64.StdEncoding.EncodeToString([]byte(in["Text"]))
		o.put("content", []object{{{"attachment", object{{"contentType", "text/plain; charset=utf-8"}, {"data", data}}}}})
		return o
	}
	if in["Remark"] != "" {
		o.put("note", []object{{{"text", in["Remark"]}}})
	}
	return o
}

// checks of fields.
func checkNumber(s string) string {
	if !decimal.MatchString(s) {
		return "is not a number as FHIR writes it, such as 6.30."
	}
	return ""
}

// checkDate takes FHIR's dates and dateTimes: a time needs its zone.
func checkDate(s string) string {
	for _, layout := range []string{"2006", "2006-01", "2006-01-02", time.RFC3339} {
		if _, err := time.Parse(layout, s); err == nil {
			return ""
		}
	}
	return "is not a date: write 2026-03-09, 2026-03, 2026 or 2026-03-09T10:30:00+01:00."
}

func checkDay(s string) string {
	if strings.Contains(s, "T") {
		return "is a date without a time: write 1952-03-16."
	}
	return checkDate(s)
}
