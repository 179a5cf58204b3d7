package tui

import (
	"context"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/theme"
	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// row is what a list keeps of a record: a line's worth, not its JSON.
type row struct {
	id       vault.RecordID
	patient  vault.RecordID
	order    int64
	typ      string
	date     string
	title    string
	status   string
	value    string // with its unit, digits as written
	flag     string
	code     string // system|code, for a trend
	source   string
	conflict bool
	trends   bool   // holds a value that can be drawn
	passage  string // search: around the hit
	who      string // search: the patient's name
}

func rowOf(r *vault.Row) row {
	out := row{id: r.ID, patient: r.Patient, order: r.Order, typ: r.Type, date: widget.Clean(r.Date), title: widget.Clean(r.Title),
		status: widget.Clean(r.Status), value: widget.Clean(fhir.Amount(strings.TrimSpace(r.Value), strings.TrimSpace(r.Unit))), flag: widget.Clean(r.Flag),
		source: widget.Clean(r.Source), conflict: r.Conflict}
	if out.value == "" && r.Type == "Observation" {
		out.value = widget.Clean(fhir.Amount(partsOfValue(r.Measures)))
	}
	if r.Code.Code != "" {
		out.code = r.Code.System + "|" + r.Code.Code
	}
	if len(r.Measures) == 1 && !slices.Contains(r.Measures[0].Codings, r.Code) { // the one component that there is
		if c := best(r.Measures[0].Codings); c.Code != "" {
			out.code = c.System + "|" + c.Code
		}
	}
	out.trends = r.Type == "Observation" && out.code != "" && len(r.Measures) == 1
	return out
}

// partsOfValue is the value of an Observation that has none of its own: its components, as
// far as they are there. Of a blood pressure the one that is missing is a dash.
func partsOfValue(parts []vault.Measure) (value, of string) {
	var there []vault.Measure
	pressure, unit := [2]string{"–", "–"}, ""
	for _, m := range parts {
		if m.Value == "" {
			continue
		}
		there = append(there, m)
		for _, c := range m.Codings {
			if i := slices.Index([]string{"8480-6", "8462-4"}, c.Code); i >= 0 && (c.System == "http://loinc.org" || c.System == "urn:oid:2.16.840.1.113883.6.1") {
				pressure[i], unit = m.Value, m.Unit
			}
		}
	}
	switch {
	case len(there) == 0:
		return "", ""
	case len(there) > 1:
		return plural(len(there), "value"), ""
	case pressure != [2]string{"–", "–"}:
		return strings.Join(pressure[:], "/"), unit
	}
	return there[0].Value, there[0].Unit
}

// valueOf is an Observation's value as lines show it, and its unit.
func valueOf(r *vault.Row) (value, unit string) {
	if r.Value != "" {
		return r.Value, r.Unit
	}
	return partsOfValue(r.Measures)
}

// words turns a type's name into words: "MedicationRequest" into "Medication request".
func words(typ string) string {
	var b strings.Builder
	for i, r := range typ {
		if i > 0 && 'A' <= r && r <= 'Z' {
			b.WriteByte(' ')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return widget.Clean(b.String())
}

// plural counts things.
func plural(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return strconv.Itoa(n) + " " + thing
}

// flagText shows a stated flag as symbol and letter. There is no symbol where
// the direction is not stated, and nothing is ever derived from the value.
func flagText(flag string) string {
	switch flag {
	case "":
		return "–"
	case "H", "HH", "HU", ">", "H>", "U":
		return "▲" + flag
	case "L", "LL", "LU", "<", "L<", "D":
		return "▼" + flag
	case "N":
		return "N"
	}
	return "◆" + flag
}

// flagged is flagText in the theme's style for a flag that calls for attention.
func flagged(t theme.Theme, flag string) string {
	text := flagText(flag)
	if flag == "" || flag == "N" {
		return text
	}
	return t.Flag.Render(text)
}

// feedSize is how many records a page holds.
const feedSize = 100

// feed reads records of some types, newest first, page by page. Types are read
// side by side and given in one order.
type feed struct {
	q     vault.Query
	types []string // "" alone is every type
	after []int64
	ended []bool
	held  [][]row // read, and not yet sure to be next
	rows  []row
}

func newFeed(q vault.Query, types ...string) feed {
	if len(types) == 0 {
		types = []string{q.Type}
	}
	return feed{q: q, types: types, after: make([]int64, len(types)), ended: make([]bool, len(types)), held: make([][]row, len(types))}
}

// done reports whether everything was read.
func (f *feed) done() bool {
	for _, e := range f.ended {
		if !e {
			return false
		}
	}
	return true
}

// page is one page of each type.
type page struct {
	rows  [][]row
	ended []bool
}

// page asks for the next page of each type that is not at its end and of which
// nothing is held back.
func (c commands) page(l *lane, f *feed) tea.Cmd {
	asked := *f // the feed itself may be given up while this is read
	asked.after, asked.ended = append([]int64{}, f.after...), append([]bool{}, f.ended...)
	asked.held = append([][]row{}, f.held...)
	return c.reading(l, func(ctx context.Context, s Session) (any, error) { return readPage(ctx, s.Records(), &asked) })
}

func readPage(ctx context.Context, in Records, f *feed) (p page, err error) {
	p = page{rows: make([][]row, len(f.types)), ended: make([]bool, len(f.types))}
	for i, typ := range f.types {
		if f.ended[i] || len(f.held[i]) > 0 {
			continue
		}
		q := f.q
		q.Type, q.After, q.Limit = typ, f.after[i], feedSize
		for r, err := range in.Rows(ctx, q) {
			if err != nil {
				return page{}, err
			}
			p.rows[i] = append(p.rows[i], rowOf(&r))
		}
		p.ended[i] = len(p.rows[i]) < feedSize
	}
	return p, nil
}

// add takes in a page, and moves to rows what nothing can come before.
func (f *feed) add(p page) {
	for i, rows := range p.rows {
		f.ended[i] = f.ended[i] || p.ended[i]
		f.held[i] = append(f.held[i], rows...)
		if n := len(rows); n > 0 {
			f.after[i] = rows[n-1].order
		}
	}
	for {
		best := -1
		for i, h := range f.held {
			if len(h) == 0 {
				if !f.ended[i] {
					return // its next one may come first
				}
				continue
			}
			if best < 0 || h[0].order > f.held[best][0].order {
				best = i
			}
		}
		if best < 0 {
			return
		}
		f.rows = append(f.rows, f.held[best][0])
		f.held[best] = f.held[best][1:]
	}
}
