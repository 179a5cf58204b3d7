package csvfile

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"phivault/vault"
)

// Mapping says which column of a CSV file means what: each field names one,
// whatever its case. Those after Value may hold a text for every row instead, behind
// a textMark; a code with a | in it is such a text.
type Mapping struct {
	Date, Value string
	Unit        string
	Code        string // "system|code", or a code of System
	System      string
	Name        string // what the measurement is called
	Patient     string // a reference ("Patient/1", "urn:uuid:…") or an id

	DecimalComma bool   // 6,3 means 6.3
	Dates        string // order of dates that are not written year first: "dmy" or "mdy"; "": refused
	Zone         string // of times without a zone: "Z", "+01:00"; "": refused
	Encoding     string // "", "utf-8", "latin-1" or "windows-1252"; a byte order mark has precedence
	Delimiter    rune   // 0: whichever of , ; and tab the header has most of
}

// textMark stands before a text that holds for every row: unit==kg.
const textMark = "="

// ParseMapping reads mappings as they stand on a command line:
// "date=Date,value=Weight,unit==kg,code=http://loinc.org|29463-7". A pair with a
// comma in it stands in double quotes. Besides the fields of Mapping in lower
// case there are decimal=comma and delimiter=, ; or tab. The error is
// vault.ErrUsage.
func ParseMapping(flags ...string) (Mapping, error) {
	var m Mapping
	seen := map[string]bool{}
	for _, flag := range flags {
		rows := newRows(strings.NewReader(flag), ',')
		row, err := rows.next()
		if err != nil {
			return Mapping{}, fmt.Errorf("%w: the mapping %v", vault.ErrUsage, err)
		}
		for _, pair := range row.cells {
			key, val, ok := strings.Cut(strings.TrimSpace(pair), "=")
			if !ok || val == "" {
				return Mapping{}, fmt.Errorf("%w: a mapping is made of NAME=COLUMN", vault.ErrUsage)
			}
			if seen[key] {
				return Mapping{}, fmt.Errorf("%w: the mapping names %s twice", vault.ErrUsage, key)
			}
			seen[key] = true
			if err := m.set(key, val); err != nil {
				return Mapping{}, err
			}
		}
	}
	return m, m.check()
}

func (m *Mapping) set(key, val string) error {
	switch key {
	case "date":
		m.Date = val
	case "value":
		m.Value = val
	case "unit":
		m.Unit = val
	case "code":
		m.Code = val
	case "system":
		m.System = val
	case "name":
		m.Name = val
	case "patient":
		m.Patient = val
	case "dates":
		m.Dates = val
	case "zone":
		m.Zone = val
	case "encoding":
		m.Encoding = strings.ToLower(val)
	case "decimal":
		if val != "comma" && val != "point" {
			return fmt.Errorf("%w: decimal is comma or point", vault.ErrUsage)
		}
		m.DecimalComma = val == "comma"
	case "delimiter":
		if val == "tab" {
			val = "\t"
		}
		r, n := utf8.DecodeRuneInString(val)
		if n != len(val) {
			return fmt.Errorf("%w: the delimiter is one character", vault.ErrUsage)
		}
		m.Delimiter = r
	default:
		return fmt.Errorf("%w: a mapping has no %q", vault.ErrUsage, key)
	}
	return nil
}

func (m *Mapping) check() error {
	switch {
	case m.Date == "" || m.Value == "" || strings.HasPrefix(m.Date, textMark) || strings.HasPrefix(m.Value, textMark):
		return fmt.Errorf("%w: a mapping names the columns of date and value", vault.ErrUsage)
	case m.Code == "" && m.Name == "":
		return fmt.Errorf("%w: a mapping says what is measured, by code or name", vault.ErrUsage)
	case m.Dates != "" && m.Dates != "dmy" && m.Dates != "mdy":
		return fmt.Errorf("%w: dates is dmy or mdy", vault.ErrUsage)
	case m.Zone != "" && !isZone(m.Zone):
		return fmt.Errorf("%w: zone is Z or like +01:00", vault.ErrUsage)
	case m.Delimiter != 0 && (m.Delimiter == '"' || m.Delimiter == '\n' || m.Delimiter == '\r' || m.Delimiter >= utf8.RuneSelf):
		return fmt.Errorf("%w: the delimiter is an ASCII character", vault.ErrUsage)
	}
	switch m.Encoding {
	case "", "utf-8", "latin-1", "windows-1252":
		return nil
	}
	return fmt.Errorf("%w: encoding is utf-8, latin-1 or windows-1252", vault.ErrUsage)
}

// field is a column, or a text that holds for every row.
type field struct {
	column int // -1: none
	text   string
}

func (f field) of(cells []string) string {
	if f.column >= 0 {
		return strings.TrimSpace(cells[f.column])
	}
	return f.text
}

// plan is a mapping applied to a header.
type plan struct {
	m                                              Mapping
	width                                          int
	date, value, unit, code, system, name, patient field
}

// plan gives the reason why the header does not fit, or "". known says whether the
// header has a column that the mapping names.
func (m Mapping) plan(header []string) (p *plan, known bool, reason string) {
	p = &plan{m: m, width: len(header)}
	find := func(key, name string) field {
		text, literal := strings.CutPrefix(name, textMark)
		if name == "" || literal {
			return field{column: -1, text: text}
		}
		f := field{column: -1, text: name}
		for i, h := range header {
			if !strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(name)) {
				continue
			}
			if f.column >= 0 {
				reason = "two columns have the name that the mapping gives for " + key
			}
			f.column = i
		}
		known = known || f.column >= 0
		switch {
		case f.column >= 0 || reason != "" || key == "code" && strings.Contains(name, "|"):
		case key == "date" || key == "value":
			reason = "the header has no column of the name that the mapping gives for " + key
		default:
			reason = "the header has no column of the name that the mapping gives for " + key + "; a text for every row is written " + key + "==TEXT"
		}
		return f
	}
	p.date, p.value, p.unit, p.code = find("date", m.Date), find("value", m.Value), find("unit", m.Unit), find("code", m.Code)
	p.system, p.name, p.patient = find("system", m.System), find("name", m.Name), find("patient", m.Patient)
	if reason != "" {
		return nil, known, reason
	}
	return p, true, ""
}
