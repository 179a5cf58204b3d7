package tui

import (
	"context"
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// chart is everything about one patient, in tabs.
type chart struct {
	commands
	p    patient
	tabs []tab
	at   int
	asks lane
	like lane
	torn int // records of this patient in conflict
}

type tab struct {
	name  string
	pane  screen
	asked bool // Init was called: a tab that nobody looks at reads nothing
}

// What the tabs of medications and documents list.
var (
	medicationTypes = []string{"MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense"}
	documentTypes   = []string{"DocumentReference", "Composition", "DiagnosticReport", "Binary"}
)

func newChart(c commands, p patient) *chart {
	s := &chart{commands: c, p: p}
	who := &s.p
	q := vault.Query{Patient: p.id}
	s.tabs = []tab{
		{name: "Summary", pane: newSummary(c, who)},
		{name: "Timeline", pane: newListing(c, who, listingKind{name: "timeline", empty: "Nothing is recorded.", led: true}, q, "")},
		{name: "Labs and vitals", pane: newFlowsheet(c, who)},
		{name: "Medications", pane: newListing(c, who, listingKind{name: "medications", empty: "No medication records. That does not say that nothing is taken.", date: "Ordered"}, q,
			medicationTypes...)},
		{name: "Immunizations", pane: newListing(c, who, listingKind{name: "immunizations", empty: "No immunization records. That does not say that none was given.", date: "Given"}, q, "Immunization")},
		{name: "Documents", pane: newListing(c, who, listingKind{name: "documents", empty: "No documents or notes.", date: "Date", kind: true}, q,
			documentTypes...)},
		{name: "All", pane: newListing(c, who, listingKind{name: "all", empty: "Nothing is recorded.", date: "Date", kind: true}, q, "")},
	}
	return s
}

func (s *chart) waits() bool { return waits(s.pane()) }

func (s *chart) pane() screen { return s.tabs[s.at].pane }

func (s *chart) Init() tea.Cmd { return tea.Batch(s.turn(0), s.conflicts(), s.namesakes()) }

// tornMost bounds what is counted; more are said to be more.
const tornMost = 50

// torn says how many records of a patient are in conflict.
type torn int

// conflicts counts them, where the vault is shared at all.
func (s *chart) conflicts() tea.Cmd {
	if s.d.sharing() == nil {
		return nil
	}
	id := s.p.id
	return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) {
		n := torn(0)
		for _, err := range in.Records().Rows(ctx, vault.Query{Patient: id, Conflicts: true, Limit: tornMost}) {
			if err != nil {
				return nil, err
			}
			n++
		}
		return n, nil
	})
}

// namesakes looks for who has the same name and birth date.
func (s *chart) namesakes() tea.Cmd {
	p := s.p
	return s.reading(&s.like, func(ctx context.Context, in Session) (any, error) { return known(ctx, in.Records(), p), nil })
}

// turn shows tab i.
func (s *chart) turn(i int) tea.Cmd {
	s.at = (i + len(s.tabs)) % len(s.tabs)
	if t := &s.tabs[s.at]; !t.asked {
		t.asked = true
		return t.pane.Init()
	}
	return nil
}

func (s *chart) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case saved:
			return s.changed(v)
		case imported:
			return s.again()
		case patient:
			if msg.lane == &s.like && v.id == s.p.id {
				s.p.apart = v.apart
				return nil
			}
		case torn:
			if msg.lane == &s.asks {
				s.torn = int(v)
				return nil
			}
		}
		var cmds []tea.Cmd
		for _, t := range s.tabs {
			cmds = append(cmds, t.pane.Update(msg))
		}
		return tea.Batch(cmds...)
	case click:
		if msg.y == 0 {
			return s.turn(s.under(msg.x))
		}
		msg.y -= 2
		return s.pane().Update(msg)
	}
	return s.pane().Update(msg)
}

// changed has every tab read anew when a record of this patient was saved.
func (s *chart) changed(v saved) tea.Cmd {
	if v.record.Patient != s.p.id && v.record.ID != s.p.id {
		return nil
	}
	if v.record.ID == s.p.id && !v.record.Deleted {
		apart := s.p.apart
		s.p = patientOf(&v.record)
		s.p.apart = apart
	}
	return s.again()
}

// again has every tab read anew; those that are not shown, when they are.
func (s *chart) again() tea.Cmd {
	for i := range s.tabs {
		s.tabs[i].pane.Wipe()
		s.tabs[i].asked = false
	}
	return tea.Batch(s.turn(s.at), s.conflicts(), s.namesakes())
}

// bar draws the names of the tabs.
func (s *chart) bar(w int) string {
	line := ""
	for i, t := range s.tabs {
		text := s.label(i, w, t)
		if i == s.at {
			text = s.d.theme.Tab.Render(text)
		}
		line += text
	}
	return widget.Fit(line, w)
}

// label is a tab's name with its key; in a narrow terminal the others are cut to
// one word.
func (s *chart) label(i, w int, t tab) string {
	name := t.name
	if w < 100 && i != s.at {
		name = []string{"Summary", "Timeline", "Labs", "Meds", "Immun.", "Docs", "All"}[i]
	}
	mark := " "
	if i == s.at {
		mark = "›"
	}
	return mark + strconv.Itoa(i+1) + " " + name + " "
}

// under is the tab in column x.
func (s *chart) under(x int) int {
	for i, t := range s.tabs {
		if x -= widget.Width(s.label(i, 80, t)); x < 0 {
			return i
		}
	}
	return s.at
}

func (s *chart) View(w, h int) string {
	return s.bar(w) + "\n" + s.notice(w) + "\n" + s.pane().View(w, h-2)
}

// notice says what has to be known before anything here is believed.
func (s *chart) notice(w int) string {
	text := ""
	switch {
	case s.torn == 0 && s.p.apart != "":
		text = " ! " + s.p.namesake()
	case s.torn == 1:
		text = " ! 1 record here is in conflict: two devices changed it apart. C decides."
	case s.torn >= tornMost:
		text = fmt.Sprintf(" ! %d records here or more are in conflict: devices changed them apart. C decides.", s.torn)
	case s.torn > 1:
		text = fmt.Sprintf(" ! %d records here are in conflict: devices changed them apart. C decides.", s.torn)
	}
	return s.d.theme.Error.Render(widget.Fit(text, w))
}

func (s *chart) About() about {
	a := s.pane().About()
	a.patient = &s.p
	a.name = "chart " + a.name
	if a.typing {
		return a
	}
	for i, t := range s.tabs {
		a.keys = append(a.keys, bind(strconv.Itoa(i+1), t.name, func() tea.Cmd { return s.turn(i) }))
	}
	a.keys = append(a.keys,
		bind("tab ]", "next tab", func() tea.Cmd { return s.turn(s.at + 1) }).foot(),
		bind("shift+tab [", "tab before", func() tea.Cmd { return s.turn(s.at - 1) }),
		bind("a", "add", func() tea.Cmd { s.open(newChoose(s.commands, &s.p)); return nil }).foot(),
		bind("p", "the patient's own record", func() tea.Cmd { s.open(newRecord(s.commands, &s.p, s.p.id)); return nil }))
	return a
}

func (s *chart) Wipe() {
	s.asks.end()
	s.like.end()
	for _, t := range s.tabs {
		t.pane.Wipe()
	}
	s.p = patient{}
}
