package compose

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// Key names a field: of a form, of a flag, of a resource.
type Key string

// The fields.
const (
	Code      Key = "code"       // "system|code", a short name of the system, or a code alone
	Display   Key = "display"    // what it is, in words; a document's title
	Value     Key = "value"      // a number, digits kept, or words
	Unit      Key = "unit"       // of a number
	Date      Key = "date"       // when, or since when
	Ended     Key = "ended"      // until when
	Status    Key = "status"     // one of Statuses
	Text      Key = "text"       // a remark; a note's own text
	Dose      Key = "dose"       // in words
	Reaction  Key = "reaction"   // in words
	Lot       Key = "lot"        // a vaccine's
	Flag      Key = "flag"       // an interpretation as stated, H or LL
	Family    Key = "family"     // a patient's family name
	Given     Key = "given"      // the given names, by spaces
	Name      Key = "name"       // a name whose parts are not known
	BirthDate Key = "birth-date" // as far as it is known
	Gender    Key = "gender"     // one of Genders
)

// Values are what a person wrote, by field; "" is not written.
type Values map[Key]string

// Types are the types that New makes.
func Types() []string {
	return []string{"Patient", "Observation", "Condition", "MedicationStatement", "AllergyIntolerance", "Immunization", "DocumentReference"}
}

const (
	terminology = "http://terminology.hl7.org/CodeSystem/"
	ucum        = "http://unitsofmeasure.org"
	plainText   = "text/plain; charset=utf-8"
)

// New makes the JSON of a new resource, with a random id, about subject: a
// reference, not used for a Patient. The values are checked already: what is a
// number or a date is not looked at again, and fields that the type does not have
// are left out.
func New(typ, subject string, in Values) []byte {
	o := object{{"resourceType", typ}, {"id", vault.NewID()}}
	about := object{{"reference", subject}}
	status := cmp.Or(in[Status], usual(typ))
	dated := func(o *object, name string) {
		if in[Date] != "" {
			o.put(name, in[Date])
		}
	}
	switch typ {
	case "Patient":
		return append(o, person(in)...).bytes()
	case "Observation":
		o.put("status", status)
		o.put("code", concept(in[Code], in[Display]))
		o.put("subject", about)
		dated(&o, "effectiveDateTime")
		switch {
		case IsDecimal(in[Value]):
			o.put("valueQuantity", quantity(in[Value], in[Unit], ""))
		case in[Value] != "":
			o.put("valueString", strings.TrimSpace(in[Value]+" "+in[Unit]))
		}
	case "Condition":
		o.put("clinicalStatus", coded("condition-clinical", status))
		o.put("code", concept(in[Code], in[Display]))
		o.put("subject", about)
		dated(&o, "onsetDateTime")
	case "MedicationStatement":
		o.put("status", status)
		o.put("medicationCodeableConcept", concept(in[Code], in[Display]))
		o.put("subject", about)
		dated(&o, "effectiveDateTime")
		if in[Dose] != "" {
			o.put("dosage", []object{{{"text", in[Dose]}}})
		}
	case "AllergyIntolerance":
		o.put("clinicalStatus", coded("allergyintolerance-clinical", status))
		o.put("code", concept(in[Code], in[Display]))
		o.put("patient", about)
		dated(&o, "onsetDateTime")
		if in[Reaction] != "" {
			o.put("reaction", []object{{{"manifestation", []object{{{"text", in[Reaction]}}}}}})
		}
	case "Immunization":
		o.put("status", status)
		o.put("vaccineCode", concept(in[Code], in[Display]))
		o.put("patient", about)
		dated(&o, "occurrenceDateTime")
		if in[Lot] != "" {
			o.put("lotNumber", in[Lot])
		}
	case "DocumentReference":
		o.put("status", status)
		o.put("subject", about)
		note := object{{"contentType", plainText}, {"data", base64.StdEncoding.EncodeToString([]byte(in[Text]))}}
		if strings.Contains(in[Date], "T") { // date is an instant, creation need not be
			dated(&o, "date")
		} else {
			dated(&note, "creation")
		}
		if in[Display] != "" {
			o.put("description", in[Display])
		}
		o.put("content", []object{{{"attachment", note}}})
		return o.bytes()
	default:
		panic("compose: no form for this type")
	}
	if in[Text] != "" {
		o.put("note", []object{{{"text", in[Text]}}})
	}
	return o.bytes()
}

func usual(typ string) string {
	if s := statuses[typ]; len(s) > 0 {
		return s[0]
	}
	return ""
}

func person(in Values) (o object) {
	var name object
	if in[Family] != "" {
		name.put("family", in[Family])
	}
	if given := strings.Fields(in[Given]); len(given) > 0 {
		name.put("given", given)
	}
	if in[Name] != "" {
		name.put("text", in[Name])
	}
	if name != nil {
		o.put("name", []object{name})
	}
	if in[Gender] != "" {
		o.put("gender", in[Gender])
	}
	if in[BirthDate] != "" {
		o.put("birthDate", in[BirthDate])
	}
	return o
}

// concept writes a code and its words as a CodeableConcept. One that comes without
// words has those that are known of it.
func concept(code, display string) object {
	o := object{}
	display = cmp.Or(display, fhir.KnownName(Coding(code)))
	if c := coding(code); c != nil {
		if display != "" {
			c.put("display", display)
		}
		o.put("coding", []object{c})
	}
	if display != "" {
		o.put("text", display)
	}
	return o
}

// Coding gives the system and the code that a code as a person types it means, either
// "" where it has none.
func Coding(typed string) (system, code string) {
	for _, m := range coding(typed) {
		switch text, _ := m.value.(string); m.name {
		case "system":
			system = text
		case "code":
			code = text
		}
	}
	return system, code
}

// coding reads a code as a person types it; one that looks like LOINC's is taken
// for it. nil for none.
func coding(typed string) object {
	system, code, ok := strings.Cut(LongCode(strings.TrimSpace(typed)), "|")
	switch {
	case ok:
		return object{{"system", system}, {"code", code}}
	case loincForm().MatchString(system):
		return object{{"system", systems["loinc"]}, {"code", system}}
	case system != "":
		return object{{"code", system}}
	}
	return nil
}

func coded(system, code string) object {
	return object{{"coding", []object{{{"system", terminology + system}, {"code", code}}}}}
}

// quantity keeps the digits that were typed.
func quantity(value, unit, code string) object {
	q := object{{"value", json.RawMessage(value)}}
	if unit != "" {
		q.put("unit", unit)
	}
	if code != "" {
		q.put("system", ucum)
		q.put("code", code)
	}
	return q
}
