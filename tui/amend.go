package tui

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir/compose"
)

// amend is a form over a record that exists. What is not changed in it keeps its
// bytes.
type amend struct {
	commands
	draft
	p    *patient
	old  *vault.Record
	keep bool // the flag stated for the old value is to stay
}

// amendable reports whether there is a form for the record.
func amendable(r *vault.Record) bool {
	return len(r.Resource.Cuts) == 0 && len(compose.Fields(r.Resource.JSON)) > 0
}

func newAmend(c commands, p *patient, old *vault.Record) *amend {
	f, begun := amendForm(old)
	return &amend{commands: c, p: p, old: old, draft: draft{form: *f, begun: begun}}
}

// amendForm makes the form over a record, and gives the fields' texts as they are.
func amendForm(old *vault.Record) (f *form, begun []string) {
	f = &form{}
	for _, x := range compose.Fields(old.Resource.JSON) {
		f.fields = append(f.fields, amended(old.Resource.Type, x))
	}
	for _, x := range f.fields {
		x.kept, x.was = true, x.text()
		x.need = x.need && x.was != "" // and so is not marked as needed
		begun = append(begun, x.was)
	}
	return f, begun
}

// amended makes the form's field out of a record's. What a line cannot hold as it
// is can be read there and not changed.
func amended(typ string, x compose.Field) *field {
	f := text(x.Key, cmp.Or(x.Name, labels[x.Key]), "", x.Must)
	switch {
	case typ == "DocumentReference" && x.Key == compose.Display:
		f.label = "Title"
	case typ == "DocumentReference" && x.Key == compose.Text:
		f.label = "Text"
	}
	f.label = widget.Clean(f.label)
	f.off = x.Off
	switch x.Key {
	case compose.Date, compose.Ended:
		f.check = checkDate
	case compose.BirthDate:
		f.check = checkDay
	case compose.Code:
		f.check, f.hint = checkCode, codeHint
	}
	if x.Number() {
		f.check = checkNumber
	}
	switch {
	case typ == "DocumentReference" && x.Key == compose.Text && x.Off == "":
		f.area = &widget.Area{}
		if !f.area.Set(x.Text) {
			f.area, f.off = nil, "it is too long to be edited here"
		}
		f.hint = "Ctrl-S saves"
		return f
	case len(x.Of) > 0 && x.Off == "":
		f.hint, f.choices = "← → choose", x.Of
		if at := cmp.Or(x.Text, notStated); x.Text == "" || !slices.Contains(x.Of, at) {
			f.choices = append([]string{at}, f.choices...)
		} else if !x.Must {
			f.choices = append(f.choices, notStated)
		}
		f.in.Set(cmp.Or(x.Text, notStated))
		return f
	}
	f.in = widget.NewInput(x.Text, max(2000, 2*len(x.Text)))
	if f.off == "" && f.in.Text() != x.Text {
		f.off = "it holds line breaks, or characters that a line does not show"
	}
	return f
}

var labels = map[compose.Key]string{compose.Code: "Code", compose.Display: "What", compose.Value: "Value", compose.Unit: "Unit",
	compose.Date: "Date", compose.Ended: "Ended", compose.Status: "Status", compose.Text: "Remark", compose.Dose: "Dose",
	compose.Reaction: "Reaction", compose.Lot: "Lot", compose.Flag: "Flag", compose.Family: "Family name", compose.Given: "Given names",
	compose.BirthDate: "Born", compose.Gender: "Gender"}

func (s *amend) Init() tea.Cmd { return nil }

// refusedField says what is wrong with a field, as compose found it.
type refusedField struct {
	key    compose.Key
	reason string
}

func (s *amend) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if msg.lane != &s.saves {
			return nil
		}
		switch v := msg.value.(type) {
		case saved:
			s.drop(s)
			s.say(fmt.Sprintf("Saved as version %d.", v.record.Version))
		case refusedField:
			s.refused(v)
		}
	default:
		if s.take(s.commands, msg) {
			return s.save()
		}
	}
	return nil
}

// refused goes to the field. A flag that was stated for a value that changes is
// kept when its reader says so by saving again.
func (s *amend) refused(v refusedField) {
	for i, f := range s.form.fields {
		if f.key == v.key {
			s.form.at = i
			s.form.fault = f.label + " " + v.reason + "."
		}
	}
	if v.key == compose.Flag {
		s.keep = true
		s.form.fault = "The flag was stated for the value before: change it, empty it, or save again to keep it."
	}
}

// changesOf gives the fields whose texts are not what they were.
func changesOf(f *form, begun []string) compose.Values {
	out := compose.Values{}
	for i, x := range f.fields {
		if now := x.text(); now != begun[i] {
			out[x.key] = strings.TrimSuffix(now, notStated)
		}
	}
	return out
}

func (s *amend) changes() compose.Values {
	out := changesOf(&s.form, s.begun)
	for _, x := range s.form.fields {
		if s.keep && x.key == compose.Flag {
			out[x.key] = x.text()
		}
	}
	return out
}

func (s *amend) save() tea.Cmd {
	in := s.changes()
	if len(in) == 0 {
		s.form.fault = "Nothing was changed."
		return nil
	}
	old := *s.old
	return s.reading(&s.saves, func(ctx context.Context, v Session) (any, error) {
		b, err := compose.Change(old.Resource.JSON, in)
		var wrong *compose.FieldError
		if errors.As(err, &wrong) {
			return refusedField{wrong.Key, wrong.Reason}, nil
		}
		if err != nil {
			return nil, err
		}
		r, err := v.Editor().Edit(ctx, old, b)
		return saved{record: r, n: 1}, err
	})
}

func (s *amend) leave() tea.Cmd {
	return s.leaving(len(s.changes()) > 0, &s.sure, changesLost)
}

func (s *amend) View(w, h int) string {
	lines := []string{s.d.theme.Title.Render(widget.Fit(fmt.Sprintf("  Edit: %s, version %d", words(s.old.Resource.Type), s.old.Version), w)), ""}
	if s.saves.busy {
		return widget.Block(append(lines, "  Saving…"), w, h)
	}
	return widget.Block(append(lines, s.form.lines(w, h-2, s.d.theme)...), w, h)
}

func (s *amend) About() about {
	return about{name: "edit", patient: s.p, typing: true, holds: true, keys: []binding{
		{keys: []string{"enter"}, help: "next field, and save", hint: true}, bind("ctrl+s", "save as a new version", s.submit).foot(),
		bind("esc", "leave", s.leave).foot(),
		{keys: []string{"tab", "down"}, help: "next field"}, {keys: []string{"shift+tab", "up"}, help: "field before"},
	}}
}

func (s *amend) submit() tea.Cmd {
	if s.saves.busy || !s.form.complete() {
		return nil
	}
	return s.save()
}

func (s *amend) Wipe() {
	s.wipe()
	s.old = &vault.Record{}
}
