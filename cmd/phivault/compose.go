package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"strings"

	"phivault/vault"
	"phivault/vault/codec/fhirjson"
)

// composed is what add makes of its flags.
type composed struct {
	patient, code, display, value, unit, date, status, text string
	name, birthDate, gender                                 string
}

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

// types are the names under which add knows resource types.
var types = map[string]string{"patient": "Patient", "observation": "Observation", "condition": "Condition",
	"medication": "MedicationStatement", "allergy": "AllergyIntolerance", "immunization": "Immunization", "note": "DocumentReference"}

// systems are short names of code systems, for "loinc|4548-4".
var systems = map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "cvx": "http://hl7.org/fhir/sid/cvx",
	"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "icd10": "http://hl7.org/fhir/sid/icd-10-cm"}

// FHIR's decimal (datatypes.html#decimal) and LOINC's codes.
var (
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	loinc   = regexp.MustCompile(`^[0-9]{1,7}-[0-9]$`)
)

// resource makes the JSON of a resource of type typ about subject, a reference.
func (c *composed) resource(typ, id, subject string) ([]byte, error) {
	o := object{{"resourceType", typ}, {"id", id}}
	about := object{{"reference", subject}}
	put := func(name string, value any) { o = append(o, member{name, value}) }
	switch typ {
	case "Patient":
		return json.Marshal(append(o, c.person()...))
	case "Observation":
		put("status", or(c.status, "final"))
		put("code", c.concept())
		put("subject", about)
		c.dated(&o, "effectiveDateTime")
		c.measured(&o)
	case "Condition":
		put("clinicalStatus", terminology("condition-clinical", or(c.status, "active")))
		put("code", c.concept())
		put("subject", about)
		c.dated(&o, "onsetDateTime")
	case "MedicationStatement":
		put("status", or(c.status, "active"))
		put("medicationCodeableConcept", c.concept())
		put("subject", about)
		c.dated(&o, "effectiveDateTime")
		if c.value != "" {
			put("dosage", []object{{{"text", strings.TrimSpace(c.value + " " + c.unit)}}})
		}
	case "AllergyIntolerance":
		put("clinicalStatus", terminology("allergyintolerance-clinical", or(c.status, "active")))
		put("code", c.concept())
		put("patient", about)
		c.dated(&o, "onsetDateTime")
	case "Immunization":
		put("status", or(c.status, "completed"))
		put("vaccineCode", c.concept())
		put("patient", about)
		c.dated(&o, "occurrenceDateTime")
	case "DocumentReference":
		put("status", or(c.status, "current"))
		put("subject", about)
		note := object{{"contentType", "text/plain; charset=utf-8"}, {"data", base64.StdEncoding.EncodeToString([]byte(c.text))}}
		if strings.Contains(c.date, "T") { // date is an instant, creation need not be
			c.dated(&o, "date")
		} else {
			c.dated(&note, "creation")
		}
		if c.display != "" {
			put("description", c.display)
		}
		put("content", []object{{{"attachment", note}}})
		return json.Marshal(o)
	}
	if c.text != "" {
		put("note", []object{{{"text", c.text}}})
	}
	return json.Marshal(o)
}

func (c *composed) person() object {
	var o object
	if family, given, ok := strings.Cut(c.name, ","); ok {
		o = append(o, member{"name", []object{{{"family", strings.TrimSpace(family)}, {"given", strings.Fields(given)}}}})
	} else if words := strings.Fields(c.name); len(words) > 1 {
		last := len(words) - 1
		o = append(o, member{"name", []object{{{"family", words[last]}, {"given", words[:last]}}}})
	} else if len(words) == 1 {
		o = append(o, member{"name", []object{{{"text", words[0]}}}})
	}
	if c.gender != "" {
		o = append(o, member{"gender", c.gender})
	}
	if c.birthDate != "" {
		o = append(o, member{"birthDate", c.birthDate})
	}
	return o
}

func (c *composed) concept() object {
	var coding, o object
	if system, code, ok := strings.Cut(longCode(c.code), "|"); ok {
		coding = object{{"system", system}, {"code", code}}
	} else if loinc.MatchString(c.code) {
		coding = object{{"system", systems["loinc"]}, {"code", c.code}}
	} else if c.code != "" {
		coding = object{{"code", c.code}}
	}
	if coding != nil {
		if c.display != "" {
			coding = append(coding, member{"display", c.display})
		}
		o = append(o, member{"coding", []object{coding}})
	}
	if c.display != "" {
		o = append(o, member{"text", c.display})
	}
	return o
}

func (c *composed) dated(o *object, name string) {
	if c.date != "" {
		*o = append(*o, member{name, c.date})
	}
}

// measured adds the value; a number keeps the digits that were typed.
func (c *composed) measured(o *object) {
	switch {
	case decimal.MatchString(c.value):
		q := object{{"value", json.RawMessage(c.value)}}
		if c.unit != "" {
			q = append(q, member{"unit", c.unit})
		}
		*o = append(*o, member{"valueQuantity", q})
	case c.value != "":
		*o = append(*o, member{"valueString", strings.TrimSpace(c.value + " " + c.unit)})
	}
}

func terminology(system, code string) object {
	return object{{"coding", []object{{{"system", "http://terminology.hl7.org/CodeSystem/" + system}, {"code", code}}}}}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

// inputMost bounds a resource that is read whole, to be added or edited.
const inputMost = 64 << 20

// readInput reads a resource from a file, or from stdin for "-".
func (a *app) readInput(name string) ([]byte, error) {
	r := io.Reader(a.stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, because(err, "the input")
		}
		defer f.Close()
		r = f
	} else if err := a.stdinIsData(); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(r, inputMost+1))
	if err != nil {
		return nil, because(err, "the input cannot be read")
	}
	if len(b) > inputMost {
		return nil, failed("limit", "the input is over 64 MiB", "import it instead")
	}
	return b, nil
}

// parseOne reads bytes as exactly one resource, as importing would, large
// attachments going to the vault's own place for them.
func parseOne(ctx context.Context, v *vault.Vault, b []byte) (*vault.Resource, error) {
	var found *vault.Resource
	for it, err := range fhirjson.JSON().Decode(ctx, "the input", bytes.NewReader(b), vault.DecodeOptions{Blobs: v.Blobs()}) {
		if err != nil {
			return nil, because(err, "the input is refused")
		}
		if found != nil {
			return nil, usage("the input holds more than one resource", "import it instead")
		}
		found = &it.Resource
	}
	if found == nil {
		return nil, usage("the input holds no resource", "")
	}
	return found, nil
}

// withID gives the JSON of a resource that has no id a random one, as its first
// member; the rest of the bytes stay.
func withID(b []byte) []byte {
	at := bytes.IndexByte(b, '{') + 1
	out := append([]byte{}, b[:at]...)
	out = append(out, `"id":"`+vault.NewID()+`",`...)
	return append(out, b[at:]...)
}
