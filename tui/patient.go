package tui

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"phivault/tui/theme"
	"phivault/tui/widget"
	"phivault/vault"
)

// patient is who a chart is about, as the banner shows it.
type patient struct {
	id     vault.RecordID
	fhirID string
	source string
	order  int64
	name   string
	born   string // FHIR date as written, "" when not stated
	gender string // as stated, "" when not
	died   string // a date, "yes", or "" when nothing is said
	mrn    string // the identifier to show, with its label
	words  string // what the filter looks at, lower case
	sortAs string // the name, lower case
	opened time.Time
	apart  string // what tells it from another of the same name and birth date; "" where there is none
}

func patientOf(r *vault.Record) patient {
	p := patient{id: r.ID, fhirID: r.Resource.ID, source: r.Source, order: r.Order, name: widget.Clean(r.Resource.Title)}
	var ids []string
	if who := r.Resource.Person; who != nil {
		p.born, p.gender = widget.Clean(who.BirthDate), widget.Clean(who.Gender)
		for _, i := range who.Identifiers {
			ids = append(ids, i.Value)
		}
	}
	var more struct {
		Name       []nameParts
		Deceased   any `json:"deceasedBoolean"`
		Died       any `json:"deceasedDateTime"`
		Identifier []struct {
			Value string
			Type  struct{ Coding []struct{ Code string } }
		}
	}
	_ = json.Unmarshal(r.Resource.JSON, &more) // other shapes leave the fields empty
	p.name = stated(listedName(more.Name), p.name)
	if died, _ := more.Died.(string); died != "" {
		p.died = widget.Clean(died)
	} else if dead, _ := more.Deceased.(bool); dead {
		p.died = "yes"
	}
	for _, i := range more.Identifier {
		for _, c := range i.Type.Coding {
			if c.Code == "MR" && p.mrn == "" && i.Value != "" {
				p.mrn = "MRN " + short(widget.Clean(i.Value))
			}
		}
	}
	if p.mrn == "" && p.fhirID != "" {
		p.mrn = "id " + short(widget.Clean(p.fhirID))
	}
	p.sortAs = strings.ToLower(p.name)
	p.words = strings.ToLower(strings.Join(append(ids, p.name, widget.Clean(r.Resource.Title), p.born, dayText(p.born), p.fhirID, r.ID.String()), " "))
	return p
}

// nameParts is a HumanName (https://hl7.org/fhir/R4/datatypes.html#HumanName); of
// older versions as well, where a family name is a list.
type nameParts struct {
	Use    string
	Family any
	Given  []string
	Prefix []string
}

// listedName is a name as lists have it, "Herman, Ali (Mr.)"; "" when it has no
// family name. An official name comes first, an old one last.
func listedName(names []nameParts) string {
	rank := func(n nameParts) int {
		switch n.Use {
		case "official", "usual":
			return 0
		case "old", "maiden":
			return 2
		}
		return 1
	}
	names = slices.Clone(names)
	slices.SortStableFunc(names, func(a, b nameParts) int { return rank(a) - rank(b) })
	for _, n := range names {
		family, _ := n.Family.(string)
		if list, ok := n.Family.([]any); ok {
			family = strings.Trim(fmt.Sprint(list...), "[]")
		}
		if family == "" {
			continue
		}
		out := strings.Join(append([]string{family + ","}, n.Given...), " ")
		if len(n.Prefix) > 0 {
			out += " (" + strings.Join(n.Prefix, " ") + ")"
		}
		return widget.Clean(strings.TrimSuffix(out, ","))
	}
	return ""
}

// short keeps the ends of an identifier that is too long to be read.
func short(s string) string {
	if r := []rune(s); len(r) > 16 {
		return string(r[:4]) + "…" + string(r[len(r)-4:])
	}
	return s
}

func (p *patient) shownName() string { return stated(p.name, "name not stated") }

// stated writes out that something is not known.
func stated(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// number is the identifier to show, behind what tells the patient from another.
func (p *patient) number() string {
	if p.apart == "" || p.mrn == "" {
		return stated(p.apart, p.mrn)
	}
	return p.apart + ", " + p.mrn
}

// banner is the first line of every screen about a patient.
func (p *patient) banner(w int, now time.Time, t theme.Theme) string {
	rest := "Born " + p.bornText(now) + "   Gender " + stated(p.gender, "not stated")
	if p.died != "" {
		rest += "   Died " + strings.TrimPrefix(dayText(p.died), "yes")
		if p.died == "yes" {
			rest += "date not stated"
		}
	}
	if p.apart != "" {
		rest += "   " + p.apart
	}
	// The name goes before the number.
	name := max(24, min(40, widget.Width(p.shownName())))
	if id := "   " + p.mrn; p.mrn != "" && name+4+widget.Width(rest)+widget.Width(id) <= w {
		rest += id
	}
	room := max(12, min(40, w-widget.Width(rest)-4))
	return t.Title.Render(widget.Fit(p.shownName(), room)) + widget.Fit("    "+rest, w-room)
}

// bornText is the birth date, with the age where the date is whole.
func (p *patient) bornText(now time.Time) string {
	if p.born == "" {
		return "unknown"
	}
	text := dayText(p.born)
	born, err := time.Parse("2006-01-02", p.born)
	if err != nil || p.died != "" || born.After(now) {
		return text
	}
	years := now.Year() - born.Year()
	if now.Month() < born.Month() || now.Month() == born.Month() && now.Day() < born.Day() {
		years--
	}
	return fmt.Sprintf("%s (%dy)", text, years)
}

// dayText writes a FHIR date, as far as it is stated, as 16-Mar-1952, Mar 1952
// or 1952. The day is the one that was written, in whatever zone. Anything else
// is shown as it is.
func dayText(date string) string {
	for _, f := range []struct {
		n        int
		in, out_ string
	}{{10, "2006-01-02", "02-Jan-2006"}, {7, "2006-01", "Jan 2006"}, {4, "2006", "2006"}} {
		if len(date) < f.n || f.n < 10 && len(date) != f.n {
			continue
		}
		if t, err := time.Parse(f.in, date[:f.n]); err == nil {
			return t.Format(f.out_)
		}
	}
	return widget.Clean(date)
}

// shortDay is dayText in nine columns, for the heads of columns.
func shortDay(date string) string {
	if len(date) >= 10 {
		if t, err := time.Parse("2006-01-02", date[:10]); err == nil {
			return t.Format("02-Jan-06")
		}
	}
	return dayText(date)
}
