package tui

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// editor edits a resource as JSON. Only white space is laid out; digits, order
// and unknown members stay as they are.
type editor struct {
	commands
	p     *patient
	old   *vault.Record // nil: a new one
	ends  bool          // saving ends the conflict that old is in
	area  widget.Area
	begun string
	saves lane
	fault string
	sure  bool
}

func newEditor(c commands, p *patient, old *vault.Record) *editor {
	s := &editor{commands: c, p: p, old: old}
	text := ""
	switch {
	case old != nil:
		var b bytes.Buffer
		if json.Indent(&b, old.Resource.JSON, "", "  ") == nil {
			text = b.String()
		} else {
			text = string(old.Resource.JSON)
		}
	case p != nil:
		text = fmt.Sprintf("{\n  \"resourceType\": \"\",\n  \"id\": %q,\n  \"subject\": {\n    \"reference\": %q\n  }\n}", vault.NewID(), "Patient/"+p.fhirID)
	}
	if !s.area.Set(text) {
		s.fault = "It is too long to be edited here; use phivault edit."
	}
	s.begun = s.area.Text()
	return s
}

func (s *editor) Init() tea.Cmd { return nil }

func (s *editor) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		if msg.lane != &s.saves {
			return nil
		}
		switch v := msg.value.(type) {
		case saved:
			s.drop(s)
			s.say(fmt.Sprintf("Saved as version %d.", max(1, v.record.Version)))
		case refusedAt:
			s.fault = v.reason
			s.area.Go(v.offset)
		}
	case tea.KeyPressMsg:
		s.sure = false
		if !s.saves.busy && s.area.Key(msg.String(), msg.Text) {
			s.fault = ""
		}
	case tea.PasteMsg:
		s.sure = false
		if !s.saves.busy && !s.area.Paste(msg.Content) {
			s.fail("That is too long to be edited here: half a megabyte at most.")
		}
	}
	return nil
}

// refusedAt says where JSON cannot be taken, in bytes.
type refusedAt struct {
	offset int
	reason string
}

func (s *editor) save() tea.Cmd {
	b := []byte(s.area.Text())
	if s.old != nil && !s.ends && string(b) == s.begun {
		s.fault = "Nothing was changed."
		return nil
	}
	var old vault.Record
	if s.old != nil {
		old = *s.old
	}
	isNew, source, ends, shared := s.old == nil, "", s.ends, s.d.sharing()
	if s.p != nil {
		source = s.p.source
	}
	return s.reading(&s.saves, func(ctx context.Context, in Session) (any, error) {
		r, err := fhir.Parse(bytes.Clone(b), nil)
		var syntax *fhir.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return refusedAt{int(syntax.Offset), "Not taken: " + syntax.Reason}, nil
		case err != nil:
			return nil, err
		case isNew && r.ID == "":
			return refusedAt{0, "A new record needs an id."}, nil
		case !isNew && (r.Type != old.Resource.Type || r.ID != old.Resource.ID):
			return refusedAt{0, "An edit keeps resourceType and id."}, nil
		}
		var out saved
		if isNew {
			out.record, err = in.Editor().Add(ctx, source, b)
		} else if ends {
			out.record, err = shared.Conflicts().Merge(ctx, old, b)
		} else {
			out.record, err = in.Editor().Edit(ctx, old, b)
		}
		if err != nil {
			return nil, err
		}
		return out, nil
	})
}

func (s *editor) leave() tea.Cmd {
	return s.leaving(s.area.Text() != s.begun, &s.sure, changesLost)
}

func (s *editor) View(w, h int) string {
	t := s.d.theme
	title := "New resource, as JSON"
	if s.old != nil {
		title = fmt.Sprintf("Edit %s, version %d", words(s.old.Resource.Type), s.old.Version)
	}
	lines := []string{t.Title.Render(widget.Fit(" "+title, w-12)) + widget.FitRight(fmt.Sprintf("line %d ", s.area.Place()), 12), ""}
	for _, l := range s.area.Draw(w-2, h-4, t.Cursor.Render) {
		lines = append(lines, " "+l)
	}
	for len(lines) < h-1 {
		lines = append(lines, "")
	}
	foot := ""
	switch {
	case s.saves.busy:
		foot = " Saving…"
	case s.fault != "":
		foot = t.Error.Render(widget.Fit(" ! "+s.fault, w))
	}
	return widget.Block(append(lines, foot), w, h)
}

func (s *editor) About() about {
	return about{name: "editor", patient: s.p, typing: true, holds: true, keys: []binding{
		bind("ctrl+s", "save as a new version", s.save).foot(),
		bind("esc", "leave", s.leave).foot(),
	}}
}

func (s *editor) Wipe() {
	s.saves.end()
	s.area.Wipe()
	s.old, s.begun = nil, ""
}
