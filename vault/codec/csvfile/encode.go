package csvfile

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strconv"
	"strings"

	"phivault/vault"
)

// columns are the fields of phivault.record.v1, with code taken apart.
var columns = []string{"id", "type", "fhir_id", "source", "patient", "patient_name", "date", "title",
	"code_system", "code", "code_display", "value", "unit", "flag", "version", "conflict"}

// Options shape a listing.
type Options struct {
	PatientName func(vault.RecordID) string // nil: the column stays empty
	Search      bool                        // adds the columns snippet and rank
}

// Encoder writes one row for each record. A cell that a spreadsheet would take
// for a formula (it begins with = + - @, a tab or a carriage return and is not
// a number) gets an apostrophe before it.
type Encoder struct {
	w     *bufio.Writer
	o     Options
	begun bool
	err   error
}

var _ vault.Encoder = (*Encoder)(nil)

var errClosed = errors.New("the document is closed")

// NewEncoder gives an encoder that writes to w. A header is written also when
// no record follows.
func NewEncoder(w io.Writer, o Options) *Encoder {
	return &Encoder{w: bufio.NewWriterSize(w, 64<<10), o: o}
}

// Encode adds a record.
func (e *Encoder) Encode(ctx context.Context, r vault.Record) error {
	if e.err == nil {
		e.err = ctx.Err()
	}
	e.header()
	cells := make([]string, 0, len(columns)+2)
	patient, name := "", ""
	if !r.Patient.IsZero() {
		if patient = r.Patient.String(); e.o.PatientName != nil {
			name = e.o.PatientName(r.Patient)
		}
	}
	v := &r.Resource
	cells = append(cells, r.ID.String(), v.Type, v.ID, r.Source, patient, name, v.Date, v.Title,
		v.Code.System, v.Code.Code, v.Code.Display, v.Value, v.Unit, v.Flag, strconv.Itoa(r.Version), strconv.FormatBool(r.Conflict))
	if e.o.Search {
		cells = append(cells, strings.NewReplacer("\x02", "", "\x03", "").Replace(r.Snippet), strconv.Itoa(r.Rank))
	}
	e.row(cells)
	return e.err
}

// Close writes what is left and does not close the writer underneath.
func (e *Encoder) Close() error {
	e.header()
	if e.err == nil {
		e.err = e.w.Flush()
	}
	if e.err != nil {
		return e.err
	}
	e.err = errClosed
	return nil
}

func (e *Encoder) header() {
	if e.begun {
		return
	}
	e.begun = true
	cells := columns
	if e.o.Search {
		cells = append(cells[:len(cells):len(cells)], "snippet", "rank")
	}
	e.row(cells)
}

func (e *Encoder) row(cells []string) {
	for i, c := range cells {
		if i > 0 {
			e.write(",")
		}
		if c = harmless(c); strings.ContainsAny(c, ",\"\r\n") || strings.HasPrefix(c, " ") || strings.HasSuffix(c, " ") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		e.write(c)
	}
	e.write("\r\n")
}

func (e *Encoder) write(s string) {
	if e.err == nil {
		_, e.err = e.w.WriteString(s)
	}
}

// harmless keeps a spreadsheet from running a cell
// (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '@', '\t', '\r', '\n':
		return "'" + s
	case '+', '-':
		if !isDecimal(strings.TrimPrefix(s, "+")) {
			return "'" + s
		}
	}
	for _, wide := range []string{"\uff1d", "\uff0b", "\uff0d", "\uff20"} { // full-width forms of the same
		if strings.HasPrefix(s, wide) {
			return "'" + s
		}
	}
	return s
}

// isDecimal reports whether s is a number as FHIR and JSON write it.
func isDecimal(s string) bool {
	s = strings.TrimPrefix(s, "-")
	whole, rest := digits(s)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if r, ok := strings.CutPrefix(rest, "."); ok {
		var part string
		if part, rest = digits(r); part == "" {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		part, after := digits(rest)
		return part != "" && after == ""
	}
	return rest == ""
}

func digits(s string) (is, rest string) {
	i := 0
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}
