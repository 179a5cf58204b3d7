package compose

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// FHIR's primitive types (https://hl7.org/fhir/R4/datatypes.html), and the shape
// of LOINC's codes.
var (
	decimalForm  = lazily(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	dateForm     = lazily(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$`)
	dateTimeForm = lazily(`^[0-9]{4}(-[0-9]{2}(-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?$`)
	codeForm     = lazily(`^[^\s|]+( [^\s|]+)*$`)
	loincForm    = lazily(`^[0-9]{1,7}-[0-9]$`)
)

// lazily compiles an expression when it is first used, and not at every start.
func lazily(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}

// IsDecimal reports whether s is a decimal as JSON and FHIR write it.
func IsDecimal(s string) bool { return decimalForm().MatchString(s) }

// IsDate reports whether s is a date: a year, a month or a day that exists.
func IsDate(s string) bool { return dateForm().MatchString(s) && exists(s) }

// IsDateTime reports whether s is a dateTime: a date, or a time with its zone.
func IsDateTime(s string) bool { return dateTimeForm().MatchString(s) && exists(s) }

func exists(s string) bool {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02", "2006-01", "2006"} {
		if _, err := time.Parse(layout, s); err == nil {
			return true
		}
	}
	return false
}

// IsCode reports whether s is a code, alone or behind its system: "4548-4",
// "loinc|4548-4", "http://loinc.org|4548-4".
func IsCode(s string) bool {
	system, code, ok := strings.Cut(LongCode(s), "|")
	if !ok {
		system, code = "-", system
	}
	return system != "" && !strings.ContainsAny(system, " \t\n") && codeForm().MatchString(code)
}

// systems are short names of code systems.
var systems = map[string]string{"loinc": "http://loinc.org", "snomed": "http://snomed.info/sct", "cvx": "http://hl7.org/fhir/sid/cvx",
	"rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "icd10": "http://hl7.org/fhir/sid/icd-10-cm"}

// LongCode writes out the short name of a code system: loinc|4548-4.
func LongCode(code string) string {
	if system, rest, ok := strings.Cut(code, "|"); ok && systems[strings.ToLower(system)] != "" {
		return systems[strings.ToLower(system)] + "|" + rest
	}
	return code
}

// ShortCode writes a coding as a person types it.
func ShortCode(system, code string) string {
	for short, long := range systems {
		if long == system {
			return short + "|" + code
		}
	}
	if system == "" {
		return code
	}
	return system + "|" + code
}

// Statuses are the codes that a type's status may have, the usual one first; nil
// for a type that is not composed (https://hl7.org/fhir/R4/terminologies-valuesets.html).
func Statuses(typ string) []string { return slices.Clone(statuses[typ]) }

var statuses = map[string][]string{
	"Observation":         {"final", "preliminary", "amended", "corrected", "registered", "cancelled", "entered-in-error", "unknown"},
	"Condition":           {"active", "recurrence", "relapse", "inactive", "remission", "resolved"},
	"MedicationStatement": {"active", "completed", "intended", "stopped", "on-hold", "not-taken", "entered-in-error", "unknown"},
	"MedicationRequest":   {"active", "on-hold", "cancelled", "completed", "stopped", "draft", "entered-in-error", "unknown"},
	"AllergyIntolerance":  {"active", "inactive", "resolved"},
	"Immunization":        {"completed", "not-done", "entered-in-error"},
	"DocumentReference":   {"current", "superseded", "entered-in-error"},
}

// genders are those of https://hl7.org/fhir/R4/valueset-administrative-gender.html.
var genders = []string{"female", "male", "other", "unknown"}

// Genders are the codes that a patient's gender may have.
func Genders() []string { return slices.Clone(genders) }
