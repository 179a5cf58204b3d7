package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"phivault/vault/fhir/compose"
)

// fits are the flags that make something of a composed record of each type.
// Others are refused: what is typed must not vanish.
var fits = map[string]string{
	"Patient":             "name birth-date gender",
	"Observation":         "patient code display date status text value unit",
	"Condition":           "patient code display date status text",
	"MedicationStatement": "patient code display date status text value unit",
	"AllergyIntolerance":  "patient code display date status text",
	"Immunization":        "patient code display date status text",
	"DocumentReference":   "patient display date status text",
}

// checkFlags refuses flags that would be without effect.
func (f *addFlags) checkFlags(fs *pflag.FlagSet, typ string) error {
	allowed := strings.Fields(fits[typ])
	if f.file != "" {
		allowed = []string{"source"}
	}
	var odd string
	fs.Visit(func(g *pflag.Flag) {
		if g.Name == "file" || slices.Contains(allowed, g.Name) || !slices.Contains(addNames, g.Name) || odd != "" {
			return
		}
		odd = g.Name
	})
	switch {
	case odd == "":
		return nil
	case f.file != "":
		return usage("--"+odd+" and --file exclude each other", "the file says it")
	case odd == "source":
		return usage("--source goes with --file", "other records are in their patient's source")
	}
	return usage("--"+odd+" means nothing for this type", "it takes --"+strings.Join(allowed, ", --"))
}

// addNames are the flags of add itself, apart from the global ones.
var addNames = []string{"source", "patient", "code", "display", "value", "unit", "date", "status", "text", "name", "birth-date", "gender"}

// numberish is what somebody types who means a number.
var numberish = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^[+-]?([0-9.,']+(e[+-]?[0-9]*)?|nan|inf(inity)?)$`)
})

// settle writes out today and now, and dates what is measured or noted now.
func (f *addFlags) settle(now time.Time, typ string) {
	switch {
	case f.date == "today":
		f.date = now.Format("2006-01-02")
	case f.date == "now", f.date == "" && (typ == "Observation" || typ == "DocumentReference"):
		f.date = now.Format("2006-01-02T15:04:05-07:00")
	}
}

func (f *addFlags) checkDates() error {
	if f.date != "" && !compose.IsDateTime(f.date) {
		return usage("--date is not a date", "write 2026-03-09, 2026-03-09T10:30:00+01:00, today or now")
	}
	if f.birthDate != "" && !compose.IsDate(f.birthDate) {
		return usage("--birth-date is not a date", "write 1970-01-31")
	}
	return nil
}

// checkCode wants a code where a system is named, and the other way round.
func (f *addFlags) checkCode() error {
	if f.code != "" && !compose.IsCode(f.code) {
		return usage("--code is not a code", "write 4548-4, or loinc|4548-4")
	}
	return nil
}

// checkValue wants a number where a unit or the looks of the value promise one.
func (f *addFlags) checkValue(typ string) error {
	switch {
	case typ == "Observation" && f.value == "" && f.text == "":
		return usage("--value is needed", "or a remark with --text")
	case f.value == "" && f.unit != "":
		return usage("--unit needs --value", "")
	case typ != "Observation" || f.value == "":
		return nil
	}
	if !compose.IsDecimal(f.value) {
		if f.unit != "" || numberish().MatchString(strings.TrimSpace(f.value)) {
			return usage("--value is not a number", "write 71.5: with a point, no sign but -, no zeros in front; words go without --unit")
		}
		return nil
	}
	// What no program could compute with is a slip of the finger.
	n, err := strconv.ParseFloat(f.value, 64)
	mantissa, _, _ := strings.Cut(strings.ToLower(f.value), "e")
	if err != nil || n == 0 && strings.ContainsAny(mantissa, "123456789") {
		return usage("--value is out of range", "")
	}
	return nil
}
