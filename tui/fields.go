package tui

import (
	"strings"

	"phivault/tui/widget"
	"phivault/vault/fhir/compose"
)

// vitals stands for the form that makes several Observations at once.
const vitals = "vitals"

func text(key compose.Key, label, hint string, need bool) *field {
	return &field{key: key, label: label, hint: hint, need: need}
}

func choice(label string, of ...string) *field {
	return &field{label: label, hint: "← → choose", choices: of, in: widget.NewInput(of[0], 40)}
}

func (f *field) as(key compose.Key) *field {
	f.key = key
	return f
}

const (
	notStated = "not stated"
	codeHint  = "optional: loinc|4548-4, snomed|…, rxnorm|…, cvx|…, icd10|…"
)

// fieldsOf gives the form for a new record of a type.
func fieldsOf(typ, today string) []*field {
	date := text(compose.Date, "Date", "2026-03-09, 2026-03, 2026, or with time and zone", true)
	date.check, date.in = checkDate, widget.NewInput(today, 40)
	since := text(compose.Date, "Date", "since when, as far as it is known", false)
	since.check = checkDate
	what := text(compose.Display, "What", "in words, as it is to be read", true)
	code := text(compose.Code, "Code", codeHint, false)
	code.check = checkCode
	remark := text(compose.Text, "Remark", "", false)
	remark.in = widget.NewInput("", 2000)
	status := &field{}
	if codes := compose.Statuses(typ); codes != nil {
		status = choice("Status", codes...).as(compose.Status)
	}
	switch typ {
	case "Patient":
		born := text(compose.BirthDate, "Born", "1952-03-16, as far as it is known", false)
		born.check = checkDay
		return []*field{text(compose.Family, "Family name", "", true), text(compose.Given, "Given names", "", false), born,
			choice("Gender", append([]string{notStated}, compose.Genders()...)...).as(compose.Gender)}
	case vitals:
		list := []*field{date}
		for _, v := range compose.VitalSigns() {
			list = append(list, &field{label: v.Name, hint: "in " + v.Unit + "; empty: not measured", check: checkNumber})
		}
		return list
	case "Observation":
		return []*field{what, code, text(compose.Value, "Value", "digits are kept as typed", true), text(compose.Unit, "Unit", "", false), date, status, remark}
	case "Condition":
		return []*field{what, code, since, status, remark}
	case "MedicationStatement":
		return []*field{what, code, text(compose.Dose, "Dose", "as it is taken: 1 tablet in the morning", false), since, status, remark}
	case "AllergyIntolerance":
		return []*field{what, code, text(compose.Reaction, "Reaction", "", false), since, status, remark}
	case "Immunization":
		return []*field{what, code, text(compose.Lot, "Lot", "", false), date, status, remark}
	}
	body := text(compose.Text, "Text", "the note itself; Ctrl-S saves", true)
	body.area = &widget.Area{}
	return []*field{text(compose.Display, "Title", "", true), date, body}
}

// composed gives the values of a form for compose.
func (f *form) composed() compose.Values {
	out := compose.Values{}
	for _, x := range f.fields {
		if v := x.text(); x.key != "" && v != notStated {
			out[x.key] = v
		}
	}
	return out
}

func checkNumber(s string) string {
	if !compose.IsDecimal(s) {
		return "is not a number as FHIR writes it, such as 6.30."
	}
	return ""
}

// checkDate takes FHIR's dates and dateTimes: a time needs its zone.
func checkDate(s string) string {
	if !compose.IsDateTime(s) {
		return "is not a date: write 2026-03-09, 2026-03, 2026 or 2026-03-09T10:30:00+01:00."
	}
	return ""
}

func checkDay(s string) string {
	if strings.Contains(s, "T") {
		return "is a date without a time: write 1952-03-16."
	}
	return checkDate(s)
}

func checkCode(s string) string {
	if !compose.IsCode(s) {
		return "is not a code: write 4548-4, or loinc|4548-4."
	}
	return ""
}
