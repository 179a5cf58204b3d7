package tui

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

func conflictQuery() vault.Query { return vault.Query{Conflicts: true, Limit: 200} }

// rows reads records as lists keep them.
func (t *talk) rows(q vault.Query) (out []row, err error) {
	for r, err := range t.session.Records().Rows(t.ctx, q) {
		if err != nil {
			return nil, err
		}
		out = append(out, rowOf(&r))
	}
	return out, nil
}

// lines says rows of more than one kind.
func (t *talk) lines(rows []row) (out []string) {
	for _, r := range rows {
		out = append(out, rowWords(&r, true))
	}
	return out
}

// rowWords says one record: when, what, which value, and what was stated of it.
func rowWords(r *row, typed bool) string {
	parts := []string{longDay(r.date)}
	if typed {
		parts = append(parts, words(r.typ))
	}
	parts = append(parts, stated(r.title, "without a title"))
	if r.value != "" {
		parts = append(parts, r.value)
	}
	if r.flag != "" {
		parts = append(parts, flagWords(r.flag))
	}
	if r.typ != "Patient" && r.typ != "Observation" {
		parts = append(parts, "status "+stated(r.status, notStated))
	}
	if r.conflict {
		parts = append(parts, "in conflict")
	}
	return strings.Join(parts, ", ")
}

// longDay writes a FHIR date out in words, as far as it is stated.
func longDay(date string) string {
	for _, f := range []struct{ in, out string }{{"2006-01-02", "2 January 2006"}, {"2006-01", "January 2006"}} {
		if n := len(f.in); len(date) >= n && (n == 10 || len(date) == n) {
			if t, err := time.Parse(f.in, date[:n]); err == nil {
				return t.Format(f.out)
			}
		}
	}
	return stated(widget.Clean(date), "no date")
}

// flagWords says a stated flag, with its meaning where HL7 gives it one
// (https://terminology.hl7.org/CodeSystem-v3-ObservationInterpretation.html).
func flagWords(flag string) string {
	meaning := map[string]string{"H": "high", "HH": "critically high", "L": "low", "LL": "critically low", "N": "normal", "A": "abnormal",
		"AA": "critically abnormal", "POS": "positive", "NEG": "negative", "U": "increased", "D": "decreased"}[flag]
	return strings.TrimSuffix("flag "+flag+", "+meaning, ", ")
}

// born says a patient's birth date, with the age where it is known.
func (t *talk) born(p *patient) string {
	if _, age, ok := strings.Cut(p.bornText(t.o.Clock()), " ("); ok {
		return longDay(p.born) + ", aged " + strings.TrimSuffix(age, "y)")
	}
	return strings.Replace(longDay(p.born), "no date", "on a date that is not known", 1)
}

// find asks for a patient and opens the chart.
func (t *talk) find() error {
	text, err := t.ask("Name, birth date or id; Enter lists everyone: ")
	if err != nil {
		return err
	}
	list, err := t.patients(text)
	if err != nil {
		return err
	}
	switch len(list) {
	case 0:
		t.say("Nobody fits that.")
		return nil
	case 1:
		return t.chart(list[0])
	}
	var names []string
	for _, p := range list {
		names = append(names, fmt.Sprintf("%s, born %s, gender %s, %s", p.shownName(), t.born(&p), stated(p.gender, notStated), p.number()))
	}
	order := "by name"
	if text != "" {
		order = "who fits best first"
	}
	t.say(plural(len(list), "patient") + ", " + order + ".")
	n, err := t.choose(names, nil, 0, nil)
	if err != nil || n < 0 {
		return err
	}
	return t.chart(list[n])
}

// patients gives those that fit, by the vault's index where the words allow it.
func (t *talk) patients(text string) (out []patient, err error) {
	terms := strings.Fields(strings.ToLower(text))
	queries := []vault.Query{{Type: "Patient", Limit: patientsMost}}
	if askable(text) {
		queries = append([]vault.Query{{Type: "Patient", Text: queryText(text), Limit: 200}}, queries...)
	}
	for i, q := range queries {
		for r, err := range t.session.Records().Find(t.ctx, q) {
			if err != nil {
				return nil, err
			}
			if p := patientOf(&r); i < len(queries)-1 || fit(p.words, terms) > 0 {
				out = append(out, p)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	all := make([]*patient, len(out))
	for i := range out {
		all[i] = &out[i]
	}
	tellApart(all)
	// Who is found by an address or a mother's name comes after who is called so.
	slices.SortStableFunc(out, func(a, b patient) int {
		return cmp.Or(cmp.Compare(fit(b.words, terms), fit(a.words, terms)), strings.Compare(strings.ToLower(a.name), strings.ToLower(b.name)))
	})
	return out, nil
}

// chart is one patient's menu.
func (t *talk) chart(p patient) error {
	p = known(t.ctx, t.session.Records(), p)
	who := func() string {
		text := fmt.Sprintf("Chart of %s. Born %s. Gender %s.", p.shownName(), t.born(&p), stated(p.gender, notStated))
		if p.died != "" {
			text += " Died " + strings.Replace(longDay(p.died), "yes", "on a date that is not stated", 1) + "."
		}
		if text = strings.TrimSpace(text + " " + p.mrn); p.apart != "" {
			text += ". " + p.namesake()
		}
		return text
	}
	section := func(empty string, typed bool, types ...string) func() error {
		return func() error { return t.section(&p, empty, typed, types...) }
	}
	return t.menu(who, "Main menu",
		option{"Summary", func() error { return t.summary(&p) }},
		option{"Results and vital signs", func() error { return t.results(&p) }},
		option{"Medications", section("No medication records. That does not say that nothing is taken.", true, medicationTypes...)},
		option{"Immunizations", section("No immunization records.", false, "Immunization")},
		option{"Documents and notes", section("No documents.", true, documentTypes...)},
		option{"Timeline of everything, newest first", section("Nothing is recorded.", true, "")},
		option{"Search this patient", func() error { return t.search(&p) }},
		option{"Add something", func() error { return t.addTo(&p) }},
		option{"The patient's own record", func() error { return t.record(&p, p.id) }},
		option{"Export", func() error { return t.export(&p) }})
}

// section lists records of some types, newest first, page by page.
func (t *talk) section(p *patient, empty string, typed bool, types ...string) error {
	f := newFeed(vault.Query{Patient: p.id}, types...)
	said := 0
	more := func() (out []string, err error) {
		for len(f.rows) == said && !f.done() {
			next, err := readPage(t.ctx, t.session.Records(), &f)
			if err != nil {
				return nil, err
			}
			f.add(next)
		}
		for ; said < len(f.rows); said++ {
			out = append(out, rowWords(&f.rows[said], typed))
		}
		return out, nil
	}
	return t.browse(p, empty, nil, more, func(n int) vault.RecordID { return f.rows[n].id })
}

// browse reads records out of a list until its user goes back.
func (t *talk) browse(p *patient, empty string, heads map[int]string, more func() ([]string, error), at func(int) vault.RecordID) error {
	lines, err := more()
	if err != nil {
		return err
	}
	if len(lines) == 0 {
		t.say(empty)
		return nil
	}
	for n := 0; ; {
		n, err = t.choose(lines, heads, n-n%linesAtOnce, func() ([]string, error) {
			next, err := more()
			lines = append(lines, next...)
			return next, err
		})
		if err != nil || n < 0 {
			return err
		}
		if err := t.fault(t.record(p, at(n))); err != nil {
			return err
		}
	}
}

// once gives lines for browse that are all there is.
func once(lines []string) func() ([]string, error) {
	return func() ([]string, error) {
		out := lines
		lines = nil
		return out, nil
	}
}

func (t *talk) summary(p *patient) error {
	sum, err := readSummary(t.ctx, t.session.Records(), p.id)
	if err != nil {
		return err
	}
	for sum.found.more() {
		next, err := sum.found.next(t.ctx, t.session.Records(), p.id)
		if err != nil {
			return err
		}
		sum.found.join(next)
	}
	sum.parts[3].results(sum.found, false)
	var rows []row
	var lines []string
	heads := map[int]string{}
	for i, part := range sum.parts {
		head := strings.ToLower(part.title)
		head = strings.ToUpper(head[:1]) + head[1:] + "."
		if len(part.rows) == 0 {
			head += " " + part.empty
		}
		heads[len(rows)] = strings.TrimPrefix(heads[len(rows)]+"\n"+head, "\n")
		for _, r := range part.rows {
			text := rowWords(&r, false)
			if i == 0 && r.passage != "" {
				text += ", " + r.passage
			}
			if i == 3 {
				text = fmt.Sprintf("%s, %s, %s, %s, %s", stated(r.title, "without a title"), stated(r.value, "no value"), longDay(r.date),
					stated(strings.TrimPrefix(flagWords(r.flag), "flag "), "no flag stated"), stated(r.passage, "ranges are in the record"))
			}
			rows, lines = append(rows, r), append(lines, text)
		}
	}
	return t.browse(p, heads[0], heads, once(lines), func(n int) vault.RecordID { return rows[n].id })
}

// results lists the tests with their last values, and the values of the one chosen.
func (t *talk) results(p *patient) error {
	s, n, ended := newSheet(), 0, false
	q := vault.Query{Type: "Observation", Patient: p.id, Limit: resultsPage}
	for !ended && n < resultsMost {
		var page []reading
		last := n
		for r, err := range t.session.Records().Rows(t.ctx, q) {
			if err != nil {
				return err
			}
			n++
			q.After = r.Order
			list, _ := readingsOf(&r)
			page = append(page, list...)
		}
		s.add(page)
		ended = n-last < resultsPage
	}
	var lines []string
	for _, x := range s.tests {
		lines = append(lines, fmt.Sprintf("%s: %s, %s", x.name, pointWords(x, x.last()), plural(x.count(), "value")))
	}
	if len(lines) == 0 {
		t.say("No results.")
		return nil
	}
	if !ended {
		t.sayf("Of the newest %d results. Older ones were not looked at.", n)
	}
	var err error
	for at := 0; ; {
		at, err = t.choose(lines, nil, at-at%linesAtOnce, nil)
		if err != nil || at < 0 {
			return err
		}
		if err := t.values(p, s.tests[at]); err != nil {
			return err
		}
	}
}

func pointWords(x *series, p point) string {
	flag := "no flag stated"
	if p.flag != "" {
		flag = flagWords(p.flag)
	}
	return strings.Join([]string{fhir.Amount(valueText(p), x.unit), longDay(p.date), flag, rangeWords(p.ref)}, ", ")
}

func (t *talk) values(p *patient, x *series) error {
	t.sayf("%s, %s, newest first.", x.name, stated(x.unit, "no unit"))
	if x.older > 0 {
		t.sayf("The newest %d of %d values.", len(x.points), x.count())
	}
	var lines []string
	points := slices.Clone(x.points)
	slices.Reverse(points)
	for _, v := range points {
		lines = append(lines, pointWords(x, v))
	}
	return t.browse(p, "", nil, once(lines), func(n int) vault.RecordID { return points[n].record })
}

// search looks for words, in everything or in one patient's records.
func (t *talk) search(p *patient) error {
	text, err := t.ask("Search for, Enter to go back: ")
	if err != nil || text == "" {
		return err
	}
	if !askable(text) {
		t.say("Give at least one word of three letters or more.")
		return nil
	}
	q := vault.Query{Text: queryText(text), Limit: searchMost}
	if p != nil {
		q.Patient = p.id
	}
	rows, err := t.rows(q)
	if err != nil {
		return err
	}
	lines := t.lines(rows)
	for i, r := range rows {
		if p == nil && r.typ != "Patient" {
			lines[i] += ", patient " + stated(widget.Clean(t.session.Survey().PatientName(t.ctx, r.patient)), "not known")
		}
	}
	if len(rows) == searchMost {
		t.sayf("The newest %d hits; more words find fewer.", searchMost)
	}
	return t.browse(p, "Nothing is found.", nil, once(lines), func(n int) vault.RecordID { return rows[n].id })
}

// about reads the patient that a record is about; nil when it is about nobody.
func (t *talk) about(ctx context.Context, r *vault.Record) *patient {
	if r.Patient.IsZero() {
		return nil
	}
	rec, err := t.session.Records().Get(ctx, r.Patient)
	if err != nil {
		return nil
	}
	p := known(ctx, t.session.Records(), patientOf(&rec))
	return &p
}
