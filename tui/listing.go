package tui

import (
	"cmp"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// listingKind says how a listing looks.
type listingKind struct {
	name  string
	empty string
	date  string // what its date is; "" with led
	kind  bool   // a column for the type
	led   bool   // days as headings, led by their encounters
}

// listing lists a patient's records, newest first, as far as it was scrolled.
type listing struct {
	commands
	p         *patient
	kind      listingKind
	base      vault.Query
	types     []string
	pages     lane
	feed      feed
	list      widget.List
	filter    widget.Input
	filtering bool
	shown     string // the filter that is in force
	fault     string
}

func newListing(c commands, p *patient, k listingKind, q vault.Query, types ...string) *listing {
	return &listing{commands: c, p: p, kind: k, base: q, types: types, feed: newFeed(q, types...)}
}

func (s *listing) Init() tea.Cmd { return s.page(&s.pages, &s.feed) }

func (s *listing) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if p, ok := msg.value.(page); ok && msg.lane == &s.pages {
			s.take(p)
			return s.more()
		}
	case tea.KeyPressMsg:
		if s.filtering {
			s.fault = ""
			s.filter.Key(msg.String(), msg.Text)
			return nil
		}
		if s.list.Key(msg.String()) {
			return s.more()
		}
	case tea.PasteMsg:
		if s.filtering && !s.filter.Paste(msg.Content) {
			s.fail("That is too long for a filter.")
		}
	case click:
		if s.list.Click(msg.y - 1) {
			s.show()
		}
	}
	return nil
}

// take adds a page. Within a day the encounters lead; the order of a day may
// change while it is being read, and the selected record stays selected.
func (s *listing) take(p page) {
	var was vault.RecordID
	if s.list.At > 0 && s.list.At < len(s.feed.rows) {
		was = s.feed.rows[s.list.At].id
	}
	s.feed.add(p)
	if s.kind.led {
		slices.SortStableFunc(s.feed.rows, func(a, b row) int {
			if a.order>>32 != b.order>>32 { // the day is the upper half
				return cmp.Compare(b.order>>32, a.order>>32)
			}
			return lead(a.typ) - lead(b.typ)
		})
	}
	s.list.N = len(s.feed.rows)
	for i, r := range s.feed.rows {
		if r.id == was {
			s.list.At = i
		}
	}
}

func lead(typ string) int {
	if typ == "Encounter" {
		return 0
	}
	return 1
}

// more asks for the next page when the end comes near.
func (s *listing) more() tea.Cmd {
	if s.feed.done() || s.pages.busy || !s.list.Near() {
		return nil
	}
	return s.page(&s.pages, &s.feed)
}

// apply reads the filter: a year or a month, "source:NAME", and a type's name or
// its beginning.
func (s *listing) apply() tea.Cmd {
	q, types := s.base, s.types
	for w := range strings.FieldsSeq(s.filter.Text()) {
		source, isSource := strings.CutPrefix(w, "source:")
		switch {
		case isSource && source != "":
			q.Source = source
		case dayText(w) != w || len(w) == 4 && strings.Trim(w, "0123456789") == "":
			q.Since, q.Until = w, w
		default:
			found := typesLike(w, s.types)
			if len(found) == 0 {
				s.fault = "Write a year, a type such as encounter, or source:NAME."
				return nil
			}
			types = found
		}
	}
	s.filtering, s.shown, s.fault = false, strings.Join(strings.Fields(s.filter.Text()), " "), ""
	s.list = widget.List{}
	s.feed = newFeed(q, types...)
	return s.page(&s.pages, &s.feed)
}

// typesLike gives the types whose name begins like w, among those of the listing.
func typesLike(w string, among []string) (out []string) {
	if slices.Equal(among, []string{""}) {
		among = knownTypes
	}
	for _, t := range among {
		if strings.HasPrefix(strings.ToLower(t), strings.ToLower(w)) {
			out = append(out, t)
		}
	}
	if i := slices.IndexFunc(out, func(t string) bool { return strings.EqualFold(t, w) }); i >= 0 {
		return out[i : i+1]
	}
	return out
}

func (s *listing) selected() *row {
	if s.list.At >= len(s.feed.rows) {
		return nil
	}
	return &s.feed.rows[s.list.At]
}

func (s *listing) show() tea.Cmd {
	if r := s.selected(); r != nil {
		s.open(newRecord(s.commands, s.p, r.id))
	}
	return nil
}

func (s *listing) View(w, h int) string {
	t := s.d.theme
	if len(s.feed.rows) == 0 {
		text := s.kind.empty
		switch {
		case s.pages.busy:
			text = "Reading…"
		case s.shown != "":
			text = "Nothing fits the filter."
		}
		return widget.Block([]string{s.head(w), "", "  " + text}, w, h)
	}
	lines := append([]string{s.head(w)}, s.list.Draw(w, h-2, t.Selected.Render, s.line)...)
	return widget.Block(append(lines, t.Faint.Render(widget.Fit("  "+whole(s.selected(), s.line(s.list.At, w-2)), w))), w, h)
}

// whole says what the line of a row had to cut off; "" when nothing.
func whole(r *row, line string) string {
	if r == nil || !strings.Contains(line, "…") {
		return ""
	}
	text := stated(r.title, "without a title")
	if r.value != "" {
		text += ": " + r.value
	}
	if r.flag != "" {
		text += " " + flagText(r.flag)
	}
	return text
}

// longNumber is the most that a number takes with its unit and flag.
const longNumber = 32

// titled puts a value behind a title so that the title is cut before a number. A
// longer value is a text, and leaves a third of the room to its title.
func titled(title, value string, w int) string {
	if value == "" {
		return title
	}
	value = "  " + value
	if n := widget.Width(value); widget.Width(title)+n > w {
		least := 1
		if n > longNumber {
			least = max(w/3, 1)
		}
		title = widget.Fit(title, min(widget.Width(title), max(w-n, least)))
	}
	return title + value
}

func (s *listing) head(w int) string {
	t := s.d.theme
	switch {
	case s.fault != "":
		return t.Error.Render(widget.Fit("  ! "+s.fault, w))
	case s.filtering:
		return "  Show only  " + s.filter.Draw(w-14, t.Cursor.Render)
	}
	count := "  " + plural(len(s.feed.rows), "record")
	if !s.feed.done() {
		count += " read, more below"
	}
	if s.shown != "" {
		count += ", only " + s.shown
	}
	return t.Faint.Render(widget.Fit(count, w))
}

func (s *listing) line(i, w int) string {
	r := &s.feed.rows[i]
	date := stated(dayText(r.date), "no date")
	if s.kind.led && i > 0 && dayText(s.feed.rows[i-1].date) == dayText(r.date) && s.list.At != i {
		date = ""
	}
	title := stated(r.title, "without a title")
	value := r.value
	switch {
	case value != "" && r.typ != "Observation": // a dose, an amount: what it is comes first
		title, value = title+"; "+value, ""
	case r.flag != "":
		value += " " + flagText(r.flag)
	}
	if r.typ == "Observation" && w < 100 {
		title = shortName(title)
	}
	if r.conflict {
		title = "! in conflict: " + title
	}
	// What the columns leave for the title, as Columns counts it.
	fill := func(others ...int) string {
		room := w
		for _, n := range others {
			room -= n + 2
		}
		return titled(title, value, room)
	}
	status, kind := stated(r.status, "not stated"), 20
	if w > 110 {
		kind = 28
	}
	switch {
	case s.kind.led:
		name := "  " + words(r.typ)
		if r.typ == "Encounter" {
			name = "▪ Encounter"
		}
		return widget.Columns(w, []int{11, kind, -1, 11}, date, name, fill(11, kind, 11), status)
	case s.kind.kind:
		return widget.Columns(w, []int{11, kind, -1, 11}, date, words(r.typ), fill(11, kind, 11), status)
	}
	return widget.Columns(w, []int{11, -1, 16}, date, fill(11, 16), status)
}

func (s *listing) About() about {
	a := about{name: s.kind.name, patient: s.p, typing: s.filtering, holds: s.filtering || s.shown != ""}
	none, flat := "", ""
	r := s.selected()
	if r == nil {
		none = noneHere(s.pages.busy)
	}
	if r == nil || !r.trends {
		flat = "Only a measured value can be drawn."
	}
	if s.filtering {
		a.keys = []binding{bind("enter", "show", s.apply).foot()}
	} else {
		a.keys = []binding{
			bind("enter", "read", s.show).unless(none).foot(),
			bind("f", "filter by type, year, source", func() tea.Cmd { s.filtering = true; return nil }).foot(),
			bind("t", "chart of this test", func() tea.Cmd { s.open(newTrendOf(s.commands, s.p, r.code, r.title, "")); return nil }).unless(flat),
		}
	}
	if a.holds {
		a.keys = append(a.keys, bind("esc", "end the filter", func() tea.Cmd {
			s.filter.Wipe()
			return s.apply()
		}).foot())
	}
	return a
}

func (s *listing) Wipe() {
	s.pages.end()
	s.feed, s.list = newFeed(s.base, s.types...), widget.List{}
	s.filter.Wipe()
	s.shown, s.fault, s.filtering = "", "", false
}

// knownTypes are the types that a filter may name: those of R4 that are about a
// patient (https://hl7.org/fhir/R4/compartmentdefinition-patient.html), and some.
var knownTypes = strings.Fields(`Account AdverseEvent AllergyIntolerance Appointment Basic Binary BodyStructure CarePlan CareTeam Claim
	ClaimResponse ClinicalImpression Communication Composition Condition Consent Coverage DetectedIssue Device DeviceRequest
	DiagnosticReport DocumentManifest DocumentReference Encounter EpisodeOfCare ExplanationOfBenefit FamilyMemberHistory Flag Goal
	ImagingStudy Immunization ImmunizationRecommendation Invoice List Media MedicationAdministration MedicationDispense
	MedicationRequest MedicationStatement NutritionOrder Observation Patient Procedure Provenance QuestionnaireResponse RelatedPerson
	RequestGroup RiskAssessment Schedule ServiceRequest Specimen SupplyDelivery SupplyRequest VisionPrescription`)
