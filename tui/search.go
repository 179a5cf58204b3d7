package tui

import (
	"context"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// searchMost hits are shown: who sees more has to say more.
const searchMost = 60

// search looks through everything while its user types.
type search struct {
	commands
	p     *patient // of the screen it was begun on; may be nil
	only  bool     // look through this patient's records only
	in    widget.Input
	asks  lane
	hits  []row
	asked string // what hits are for
	list  widget.List
}

func newSearch(c commands, p *patient) *search {
	return &search{commands: c, p: p, in: widget.Input{Limit: 200}}
}

func (s *search) Init() tea.Cmd { return nil }

// found are hits.
type found struct {
	text string
	hits []row
}

// look looks for what is typed by now. Words of fewer than three letters find
// only themselves, so nothing is asked until there is one of three.
func (s *search) look() tea.Cmd {
	text := strings.TrimSpace(s.in.Text())
	if !askable(text) {
		s.asks.end()
		s.hits, s.asked, s.list = nil, "", widget.List{}
		return nil
	}
	q := vault.Query{Text: queryText(text), Limit: searchMost}
	if s.only && s.p != nil {
		q.Patient = s.p.id
	}
	return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) {
		out := found{text: text}
		for r, err := range in.Records().Rows(ctx, q) {
			if err != nil {
				return nil, err
			}
			x := rowOf(&r)
			x.passage = r.Snippet
			x.who = widget.Clean(in.Survey().PatientName(ctx, r.Patient))
			out.hits = append(out.hits, x)
		}
		return out, nil
	})
}

func askable(text string) bool {
	for w := range strings.FieldsSeq(text) {
		if len([]rune(strings.Trim(w, `"*`))) >= 3 {
			return true
		}
	}
	return false
}

// queryText has the last word, which may not be whole yet, match as a beginning,
// and closes a phrase that is being typed.
func queryText(text string) string {
	if strings.Count(text, `"`)%2 == 1 {
		return text + `"`
	}
	words := strings.Fields(text)
	last := words[len(words)-1]
	if len([]rune(last)) >= 3 && !strings.ContainsAny(last, `"*`) {
		return text + "*"
	}
	return text
}

func (s *search) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(found); ok && msg.lane == &s.asks {
			s.hits, s.asked = v.hits, v.text
			s.list = widget.List{N: len(v.hits)}
			return nil
		}
		switch v := msg.value.(type) {
		case saved:
			return s.look()
		case patientOpened:
			s.open(newChart(s.commands, v.p))
		case hitOpened:
			s.open(newRecord(s.commands, &v.p, v.id))
		}
	case tea.KeyPressMsg:
		switch key := msg.String(); key {
		case "up", "down", "pgup", "pgdown":
			s.list.Key(key)
		default:
			if s.in.Key(key, msg.Text) {
				return s.look()
			}
		}
	case tea.PasteMsg:
		if !s.in.Paste(msg.Content) {
			s.fail("That is too long to search for.")
		}
		return s.look()
	case click:
		if s.list.Click((msg.y - 3) / 2) {
			s.show()
		}
	}
	return nil
}

func (s *search) show() tea.Cmd {
	if s.list.At >= len(s.hits) {
		return nil
	}
	h := s.hits[s.list.At]
	if h.typ == "Patient" {
		return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) {
			r, err := in.Records().Get(ctx, h.id)
			return patientOpened{known(ctx, in.Records(), patientOf(&r))}, err
		})
	}
	var p *patient
	if s.p != nil && h.patient == s.p.id {
		p = s.p
	} else if !h.patient.IsZero() {
		// The banner needs more than the hit says.
		return s.reading(&s.asks, func(ctx context.Context, in Session) (any, error) {
			r, err := in.Records().Get(ctx, h.patient)
			return hitOpened{known(ctx, in.Records(), patientOf(&r)), h.id}, err
		})
	}
	s.open(newRecord(s.commands, p, h.id))
	return nil
}

// patientOpened and hitOpened are what a hit turned out to be about.
type patientOpened struct{ p patient }
type hitOpened struct {
	p  patient
	id vault.RecordID
}

func (s *search) View(w, h int) string {
	t := s.d.theme
	scope := "everything"
	if s.only {
		scope = "this patient"
	}
	lines := []string{"", "  Search " + s.in.Draw(w-32, t.Cursor.Render) + widget.FitRight("in "+scope+" ", 20), ""}
	switch {
	case !askable(s.in.Text()):
		lines = append(lines, t.Faint.Render(`  Three letters or more; words must all occur; "a phrase" in quotes.`))
	case s.asks.busy && len(s.hits) == 0:
		lines = append(lines, "  Searching…")
	case len(s.hits) == 0:
		lines = append(lines, "  Nothing is found.")
	default:
		count := plural(len(s.hits), "hit")
		if len(s.hits) == searchMost {
			count = fmt.Sprintf("the newest %d hits; more words find fewer", searchMost)
		}
		lines = append(lines, s.draw(w, h-4)...)
		for len(lines) < h-1 {
			lines = append(lines, "")
		}
		lines = append(lines, t.Faint.Render("  "+count))
	}
	return widget.Block(lines, w, h)
}

// draw gives two lines a hit: what it is, and the passage.
func (s *search) draw(w, h int) (lines []string) {
	t := s.d.theme
	first, end := s.list.Window(h / 2)
	for i := first; i < end; i++ {
		r := &s.hits[i]
		title := stated(r.title, "without a title")
		if r.value != "" && r.typ == "Observation" {
			title += "  " + r.value
			if r.flag != "" {
				title += " " + flagText(r.flag)
			}
		}
		who := r.who
		if r.typ == "Patient" {
			who = ""
		}
		line := widget.Columns(w-2, []int{11, 19, -1, 17}, stated(dayText(r.date), "no date"), words(r.typ), title, who)
		if i == s.list.At {
			line = t.Selected.Render("› " + line)
		} else {
			line = "  " + line
		}
		lines = append(lines, line, widget.Fit("             "+passage(r.passage, w-14, t.Match.Render), w))
	}
	return lines
}

// passage styles what was hit, which stands between \x02 and \x03. The marks are
// taken off before anything else of the text is looked at.
func passage(s string, w int, match func(string) string) string {
	out := ""
	for w > 0 && s != "" {
		before, rest, ok := strings.Cut(s, "\x02")
		before = widget.Clean(strings.ReplaceAll(before, "\x03", ""))
		if n := widget.Width(before); n > w {
			return out + widget.Fit(before, w)
		}
		out += before
		w -= widget.Width(before)
		if !ok {
			break
		}
		hit, after, _ := strings.Cut(rest, "\x03")
		// Clean takes off the space at an end; the one in the text is the separator.
		hit = widget.Clean(hit)
		if n := widget.Width(hit); n > w {
			return out
		}
		out += match(hit)
		w -= widget.Width(hit)
		s = after
	}
	return out
}

func (s *search) About() about {
	none, nobody := "", ""
	if len(s.hits) == 0 {
		none = "There is nothing to open."
	}
	if s.p == nil {
		nobody = "No patient's chart is open."
	}
	return about{name: "search", patient: s.p, typing: true, keys: []binding{
		bind("enter", "open", s.show).unless(none).foot(),
		bind("tab", "this patient only, or everything", func() tea.Cmd { s.only = !s.only; return s.look() }).unless(nobody).foot(),
	}}
}

func (s *search) Wipe() {
	s.asks.end()
	s.in.Wipe()
	s.hits, s.asked, s.list = nil, "", widget.List{}
}
