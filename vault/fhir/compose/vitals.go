package compose

import "phivault/vault"

// Vital is a vital sign that a form asks for
// (https://hl7.org/fhir/R4/observation-vitalsigns.html).
type Vital struct {
	Name string // a word for a label
	Unit string

	code, display, ucum string
}

// VitalSigns gives them in the order in which they are asked for.
func VitalSigns() []Vital {
	return []Vital{
		{"Systolic", "mmHg", "8480-6", "Systolic blood pressure", "mm[Hg]"},
		{"Diastolic", "mmHg", "8462-4", "Diastolic blood pressure", "mm[Hg]"},
		{"Heart rate", "/min", "8867-4", "Heart rate", "/min"},
		{"Respiratory rate", "/min", "9279-1", "Respiratory rate", "/min"},
		{"Temperature", "Cel", "8310-5", "Body temperature", "Cel"},
		{"Oxygen saturation", "%", "2708-6", "Oxygen saturation in Arterial blood", "%"},
		{"Weight", "kg", "29463-7", "Body weight", "kg"},
		{"Height", "cm", "8302-2", "Body height", "cm"},
	}
}

// panel holds the two pressures, the first of VitalSigns, as components.
var panel = Vital{code: "85354-9", display: "Blood pressure panel with all children optional"}

const pressures = 2

// Vitals makes an Observation of each vital sign that has a value, by its Name;
// the two pressures are one panel.
func Vitals(subject, date string, values map[string]string) (out [][]byte) {
	var parts []object
	for i, v := range VitalSigns() {
		value := values[v.Name]
		if value == "" {
			continue
		}
		q := quantity(value, v.Unit, v.ucum)
		if i < pressures {
			parts = append(parts, object{{"code", v.concept()}, {"valueQuantity", q}})
			continue
		}
		out = append(out, v.observation(subject, date, "valueQuantity", q))
	}
	if len(parts) > 0 {
		out = append([][]byte{panel.observation(subject, date, "component", parts)}, out...)
	}
	return out
}

func (v Vital) concept() object {
	return object{{"coding", []object{{{"system", systems["loinc"]}, {"code", v.code}, {"display", v.display}}}}, {"text", v.display}}
}

func (v Vital) observation(subject, date, name string, value any) []byte {
	return object{{"resourceType", "Observation"}, {"id", vault.NewID()}, {"status", "final"},
		{"category", []object{coded("observation-category", "vital-signs")}}, {"code", v.concept()},
		{"subject", object{{"reference", subject}}}, {"effectiveDateTime", date}, {name, value}}.bytes()
}
