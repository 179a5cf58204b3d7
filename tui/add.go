package tui

import (
	"context"
	"encoding/json"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// choose asks what is to be added.
type choose struct {
	commands
	p    *patient
	list widget.List
}

var addable = []struct{ name, typ string }{
	{"Vital signs", "vitals"}, {"Observation", "Observation"}, {"Problem", "Condition"}, {"Medication", "MedicationStatement"},
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
	p     *patient // nil for a new patient
	typ   string
	form  form
	saves lane
}

func newAdd(c commands, p *patient, typ string) *add {
	s := &add{commands: c, p: p, typ: typ}
	s.form.fields = fieldsOf(typ, c.d.now().Format("2006-01-02"))
	return s
}

func text(label, hint string, need bool) *field {
	return &field{label: label, hint: hint, need: need}
}

func choice(label string, of ...string) *field {
	return &field{label: label, hint: "← → choose", choices: of, in: widget.NewInput(of[0], 40)}
}

// fieldsOf gives the form of a type. Its labels are what compose looks for.
func fieldsOf(typ, today string) []*field {
	date := &field{label: "Date", hint: "2026-03-09, 2026-03, 2026, or with time and zone", need: true, check: checkDate, in: widget.NewInput(today, 40)}
	since := &field{label: "Date", hint: "since when, as far as it is known", check: checkDate}
	what := text("What", "in words, as it is to be read", true)
	code := text("Code", "optional: loinc|4548-4, snomed|…, rxnorm|…, cvx|…, icd10|…", false)
	remark := &field{label: "Remark", in: widget.NewInput("", 2000)}
	switch typ {
	case "Patient":
		return []*field{text("Family name", "", true), text("Given names", "", false),
			{label: "Born", hint: "1952-03-16, as far as it is known", check: checkDay}, choice("Gender", "not stated", "female", "male", "other", "unknown")}
	case "vitals":
		list := []*field{date}
		for _, v := range vitals {
			list = append(list, &field{label: v.label, hint: "in " + v.unit + "; empty: not measured", check: checkNumber})
		}
		return list
	case "Observation":
		return []*field{what, code, text("Value", "digits are kept as typed", true), text("Unit", "", false), date,
			choice("Status", "final", "preliminary", "amended", "corrected"), remark}
	case "Condition":
		return []*field{what, code, since, choice("Status", "active", "recurrence", "remission", "resolved", "inactive"), remark}
	case "MedicationStatement":
		return []*field{what, code, text("Dose", "as it is taken: 1 tablet in the morning", false), since,
			choice("Status", "active", "completed", "intended", "stopped", "on-hold"), remark}
	case "AllergyIntolerance":
		return []*field{what, code, text("Reaction", "", false), since, choice("Status", "active", "inactive", "resolved"), remark}
	case "Immunization":
		return []*field{what, code, text("Lot", "", false), date, choice("Status", "completed", "not-done"), remark}
	}
	return []*field{text("Title", "", true), date, {label: "Text", need: true, in: widget.NewInput("", 20_000), hint: "the note itself"}}
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
	case tea.KeyPressMsg:
		if !s.saves.busy && s.form.key(msg) {
			return s.save()
		}
	case tea.PasteMsg:
		if !s.saves.busy && !s.form.paste(msg.Content) {
			s.fail("That is too long for this field.")
		}
	}
	return nil
}

func (s *add) save() tea.Cmd {
	in := s.form.values()
	subject, source := "", ""
	if s.p != nil {
		if s.p.fhirID == "" {
			s.fail("This patient's record has no id that others could refer to.")
			return nil
		}
		subject, source = "Patient/"+s.p.fhirID, s.p.source
	}
	list := []object{}
	if s.typ == "vitals" {
		if list = composeVitals(subject, in); len(list) == 0 {
			s.form.fault = "Nothing is measured yet."
			return nil
		}
	} else {
		list = append(list, compose(s.typ, subject, in))
	}
	return s.reading(&s.saves, func(ctx context.Context, v Session) (any, error) {
		out := saved{n: len(list)}
		for _, o := range list {
			b, err := json.Marshal(o)
			if err != nil {
				return nil, err
			}
			if out.record, err = v.Editor().Add(ctx, source, b); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
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
	return about{name: "form", patient: s.p, typing: true, keys: []binding{
		{keys: []string{"enter"}, help: "next field, and save", hint: true}, {keys: []string{"ctrl+s"}, help: "save", hint: true},
		{keys: []string{"tab", "down"}, help: "next field"}, {keys: []string{"shift+tab", "up"}, help: "field before"},
	}}
}

func (s *add) Wipe() {
	s.saves.end()
	s.form.wipe()
}
