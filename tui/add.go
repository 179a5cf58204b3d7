package tui

import (
	"context"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault/fhir/compose"
)

// choose asks what is to be added.
type choose struct {
	commands
	p    *patient
	list widget.List
}

var addable = []struct{ name, typ string }{
	{"Vital signs", vitals}, {"Observation", "Observation"}, {"Problem", "Condition"}, {"Medication", "MedicationStatement"},
	{"Allergy", "AllergyIntolerance"}, {"Immunization", "Immunization"}, {"Note", "DocumentReference"}, {"Any resource, as JSON", ""},
}

func newChoose(c commands, p *patient) *choose {
	return &choose{commands: c, p: p, list: widget.List{N: len(addable)}}
}

func (s *choose) Init() tea.Cmd { return nil }

func (s *choose) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		s.list.Key(msg.String())
	case click:
		if s.list.Click(msg.y - 2) {
			s.pick(s.list.At)()
		}
	}
	return nil
}

func (s *choose) pick(i int) func() tea.Cmd {
	return func() tea.Cmd {
		if addable[i].typ == "" {
			s.replace(newEditor(s.commands, s.p, nil))
		} else {
			s.replace(newAdd(s.commands, s.p, addable[i].typ))
		}
		return nil
	}
}

func (s *choose) View(w, h int) string {
	lines := []string{s.d.theme.Title.Render("  What is to be added?"), ""}
	return widget.Block(append(lines, s.list.Draw(w, h-2, s.d.theme.Selected.Render, func(i, w int) string {
		return fmt.Sprintf("%d  %s", i+1, addable[i].name)
	})...), w, h)
}

func (s *choose) About() about {
	a := about{name: "add", patient: s.p, keys: []binding{
		bind("enter", "choose", func() tea.Cmd { return s.pick(s.list.At)() }).foot()}}
	for i, x := range addable {
		a.keys = append(a.keys, bind(fmt.Sprint(i+1), x.name, s.pick(i)))
	}
	return a
}

func (s *choose) Wipe() {}

// add is a form for one of the common types.
type add struct {
	commands
	draft
	p   *patient // nil for a new patient
	typ string
}

func newAdd(c commands, p *patient, typ string) *add {
	s := &add{commands: c, p: p, typ: typ}
	s.form.fields = fieldsOf(typ, c.d.now().Format("2006-01-02"))
	s.begin()
	return s
}

func (s *add) Init() tea.Cmd { return nil }

func (s *add) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if v, ok := msg.value.(saved); ok && msg.lane == &s.saves {
			s.drop(s)
			what := "Saved."
			if v.n > 1 {
				what = fmt.Sprintf("Saved as %d records.", v.n)
			}
			s.say(what)
		}
	default:
		if s.take(s.commands, msg) {
			return s.save()
		}
	}
	return nil
}

func (s *add) save() tea.Cmd {
	subject, source := "", ""
	if s.p != nil {
		if s.p.fhirID == "" {
			s.fail("This patient's record has no id that others could refer to.")
			return nil
		}
		subject, source = "Patient/"+s.p.fhirID, s.p.source
	}
	list := newRecords(s.typ, subject, &s.form)
	if len(list) == 0 {
		s.form.fault = "Nothing is measured yet."
		return nil
	}
	return s.reading(&s.saves, func(ctx context.Context, v Session) (any, error) {
		out := saved{n: len(list)}
		for _, b := range list {
			var err error
			if out.record, err = v.Editor().Add(ctx, source, b); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// newRecords makes the resources that a form for a type asks for; none when
// nothing was measured.
func newRecords(typ, subject string, f *form) [][]byte {
	if typ == vitals {
		return compose.Vitals(subject, f.composed()[compose.Date], f.values())
	}
	return [][]byte{compose.New(typ, subject, f.composed())}
}

func (s *add) leave() tea.Cmd {
	return s.leaving(len(changesOf(&s.form, s.begun)) > 0, &s.sure, "What you typed is not saved: Esc again drops it.")
}

func (s *add) View(w, h int) string {
	name := "New patient"
	for _, x := range addable {
		if x.typ == s.typ {
			name = "Add: " + x.name
		}
	}
	lines := []string{s.d.theme.Title.Render("  " + name), ""}
	if s.saves.busy {
		return widget.Block(append(lines, "  Saving…"), w, h)
	}
	return widget.Block(append(lines, s.form.lines(w, h-2, s.d.theme)...), w, h)
}

func (s *add) About() about {
	return about{name: "form", patient: s.p, typing: true, holds: true, keys: []binding{
		{keys: []string{"enter"}, help: "next field, and save", hint: true}, {keys: []string{"ctrl+s"}, help: "save", hint: true},
		bind("esc", "back", s.leave).foot(),
		{keys: []string{"tab", "down"}, help: "next field"}, {keys: []string{"shift+tab", "up"}, help: "field before"},
	}}
}

func (s *add) Wipe() { s.wipe() }
