package csvfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault/fhir"
)

// measurement is one row, understood.
type measurement struct {
	date, value, comparator, unit string
	system, code, name, subject   string
}

// measurement reads a row; the reason says why it cannot be.
func (p *plan) measurement(cells []string) (m measurement, reason string) {
	if len(cells) != p.width {
		return m, "it has not as many cells as the header"
	}
	if m.date, reason = p.m.date(p.date.of(cells)); reason != "" {
		return m, reason
	}
	if m.comparator, m.value, reason = p.m.decimal(p.value.of(cells)); reason != "" {
		return m, reason
	}
	m.unit, m.name, m.system, m.code = p.unit.of(cells), p.name.of(cells), p.system.of(cells), p.code.of(cells)
	if system, code, ok := strings.Cut(m.code, "|"); ok {
		m.system, m.code = system, code
	}
	if m.code == "" && m.name == "" {
		return m, "it does not say what was measured"
	}
	if m.subject, reason = subject(p.patient.of(cells)); reason != "" {
		return m, reason
	}
	for _, s := range []string{m.unit, m.name, m.system, m.code, m.subject} {
		if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return m, "a cell has control characters"
		}
	}
	return m, ""
}

// json gives the Observation. Its id is made of all that it says, so that the
// same row is the same record and two rows that say the same are one.
func (m *measurement) json() []byte {
	b := []byte(`{"resourceType":"Observation","id":"csv-`)
	b = append(b, m.id()...)
	b = append(b, `","status":"unknown","code":{`...) // a table does not tell a final result from a preliminary one
	if m.code != "" {
		b = append(b, `"coding":[{`...)
		if m.system != "" {
			b = quote(append(b, `"system":`...), m.system)
			b = append(b, ',')
		}
		b = quote(append(b, `"code":`...), m.code)
		if known := fhir.KnownName(m.system, m.code); known != "" && m.name == "" {
			b = quote(append(b, `,"display":`...), known)
		}
		b = append(b, "}]"...)
		if m.name != "" {
			b = append(b, ',')
		}
	}
	if m.name != "" {
		b = quote(append(b, `"text":`...), m.name)
	}
	b = append(b, '}')
	if m.subject != "" {
		b = quote(append(b, `,"subject":{"reference":`...), m.subject)
		b = append(b, '}')
	}
	b = quote(append(b, `,"effectiveDateTime":`...), m.date)
	b = append(append(b, `,"valueQuantity":{"value":`...), m.value...)
	if m.comparator != "" {
		b = quote(append(b, `,"comparator":`...), m.comparator)
	}
	if m.unit != "" {
		b = quote(append(b, `,"unit":`...), m.unit)
	}
	return append(b, "}}"...)
}

func (m *measurement) id() string {
	h := sha256.New()
	h.Write([]byte("phivault csv v1\x00"))
	for _, s := range []string{m.date, m.comparator, m.value, m.unit, m.system, m.code, m.name, m.subject} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(s))))
		h.Write([]byte(s))
	}
	return hex.EncodeToString(h.Sum(nil)[:20])
}

// quote appends s, which is valid UTF-8, as JSON.
func quote(b []byte, s string) []byte {
	b, err := jsontext.AppendQuote(b, s)
	if err != nil {
		panic("csvfile: " + err.Error())
	}
	return b
}

// decimal reads a value, digits kept, with "<", "<=", ">" or ">=" before it.
func (m *Mapping) decimal(s string) (comparator, value, reason string) {
	if s == "" {
		return "", "", "it has no value"
	}
	for _, c := range []string{"<=", ">=", "<", ">"} {
		if rest, ok := strings.CutPrefix(s, c); ok {
			comparator, s = c, strings.TrimSpace(rest)
			break
		}
	}
	if m.DecimalComma {
		if strings.Contains(s, ".") {
			return "", "", "its value has a point, and decimal=comma was said"
		}
		s = strings.Replace(s, ",", ".", 1)
	}
	switch {
	case len(s) <= 64 && isDecimal(s):
		return comparator, s, ""
	case isDecimal(strings.Replace(s, ",", ".", 1)):
		return "", "", "its value has a decimal comma; decimal=comma in the mapping allows it"
	}
	return "", "", "its value is not a decimal number"
}

// subject gives the reference to the patient.
func subject(s string) (reference, reason string) {
	if s == "" || strings.Contains(s, "/") || strings.HasPrefix(s, "urn:") {
		return s, ""
	}
	if len(s) > 64 || strings.ContainsFunc(s, func(r rune) bool {
		return !(r == '-' || r == '.' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
	}) {
		return "", "its patient is neither a reference nor an id"
	}
	return "Patient/" + s, ""
}

// date gives a FHIR date or dateTime (https://hl7.org/fhir/R4/datatypes.html).
func (m *Mapping) date(s string) (date, reason string) {
	if s == "" {
		return "", "it has no date"
	}
	day, clock, timed := strings.Cut(s, "T")
	if !timed {
		day, clock, timed = strings.Cut(s, " ")
	}
	if day, reason = m.day(day); reason != "" || !timed {
		return day, reason
	}
	if len(day) < len("2006-01-02") {
		return "", "its date has a time and no day"
	}
	return m.clock(day, strings.TrimSpace(clock))
}

func (m *Mapping) day(s string) (day, reason string) {
	const not = "its date is not like 2024-05-31"
	for _, layout := range []string{"2006-01-02", "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 0 {
			return s, ""
		}
	}
	part := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '/' || r == '-' })
	if len(part) != 3 || len(part[2]) != 4 || len(part[0]) > 2 || len(part[1]) > 2 {
		return "", not
	}
	switch m.Dates {
	case "":
		return "", not + "; dates=dmy or dates=mdy in the mapping tells day from month"
	case "mdy":
		part[0], part[1] = part[1], part[0]
	}
	t, err := time.Parse("2006-1-2", part[2]+"-"+strings.TrimPrefix(part[1], "0")+"-"+strings.TrimPrefix(part[0], "0"))
	if err != nil || t.Year() < 1 {
		return "", "its date does not exist"
	}
	return t.Format("2006-01-02"), ""
}

func (m *Mapping) clock(day, s string) (date, reason string) {
	zone := m.Zone
	if i := strings.IndexAny(s, "Z+-"); i >= 0 {
		s, zone = strings.TrimSpace(s[:i]), s[i:]
	}
	if len(s) == len("15:04") {
		s += ":00" // FHIR asks for seconds
	}
	if _, err := time.Parse("15:04:05", s); err != nil || len(s) < len("15:04:05") || strings.Contains(s, ",") {
		return "", "its time is not like 08:30 or 08:30:00"
	}
	switch {
	case zone == "":
		return "", "its time has no zone; zone=+01:00 in the mapping gives one"
	case !isZone(zone):
		return "", "its zone is not Z or like +01:00"
	}
	return day + "T" + s + zone, ""
}

func isZone(s string) bool {
	if s == "Z" {
		return true
	}
	if len(s) != 6 || s[0] != '+' && s[0] != '-' {
		return false
	}
	t, err := time.Parse("15:04", s[1:])
	return err == nil && (t.Hour() < 14 || t.Hour() == 14 && t.Minute() == 0)
}
