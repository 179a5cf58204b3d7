package tui

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/plain"
	"phivault/tui/widget"
	"phivault/vault"
	"phivault/vault/fhir"
)

// record shows one record: readable, as JSON, with its history.
type record struct {
	commands
	p     *patient
	id    vault.RecordID
	at    int // the version shown; 0 is the current one
	reads lane
	acts  lane
	r     *vault.Record
	row   row
	facts [2]string // provenance
	files []Attachment
	pager widget.Pager
	text  []string
	raw   []string
	isRaw bool
	sure  bool // the next d deletes
}

func newRecord(c commands, p *patient, id vault.RecordID) *record {
	return &record{commands: c, p: p, id: id}
}

// recordRead is a record made ready to be shown.
type recordRead struct {
	r     vault.Record
	view  []fhir.Line
	text  []string
	raw   []string
	facts [2]string
	files []Attachment
}

func (s *record) Init() tea.Cmd {
	id, at := s.id, s.at
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) { return readRecord(ctx, in, id, at) })
}

func readRecord(ctx context.Context, in Session, id vault.RecordID, at int) (out recordRead, err error) {
	if at > 0 {
		out.r, err = in.Records().At(ctx, id, at)
	} else {
		out.r, err = in.Records().Get(ctx, id)
	}
	if err != nil && !errors.Is(err, vault.ErrDeleted) {
		return out, err
	}
	history, err := in.Records().History(ctx, id)
	if err != nil {
		return out, err
	}
	version := out.r.Version
	if at > 0 {
		version = at
	}
	out.facts[0] = fmt.Sprintf("Version %d of %d", version, len(history))
	if out.r.Conflict {
		out.facts[0] += ", in conflict"
	}
	if version >= 1 && version <= len(history) {
		h := history[version-1]
		out.facts[0] += fmt.Sprintf(", %s%s%s", momentOf(h.At, h.Sent), byDevice, idText(h.Device))
	}
	switch {
	case out.r.Purged:
		out.facts[0] += ", its content removed on purpose"
	case out.r.Deleted:
		out.facts[0] += ", deleted"
	}
	out.facts[1] = fmt.Sprintf("Record %s · source %s · %s/%s", out.r.ID, widget.Clean(out.r.Source), widget.Clean(out.r.Resource.Type), widget.Clean(out.r.Resource.ID))
	out.view = viewOf(ctx, in, out.r)
	for _, l := range out.view {
		out.text = append(out.text, viewLine(l))
	}
	out.raw = rawLines(out.r.Resource.JSON, out.r.Resource.Cuts)
	out.files = AttachmentsOf(&out.r.Resource)
	return out, nil
}

// viewLine sets a line of a readable view: the label in a column of its own.
func viewLine(l fhir.Line) string {
	indent := strings.Repeat("  ", min(l.Depth, 12))
	label, text := widget.Clean(l.Label), widget.Clean(l.Text)
	if label == "" {
		return indent + "  \t" + text
	}
	return indent + widget.Fit(label, max(22-2*l.Depth, widget.Width(label))) + "  \t" + text
}

// rawMost bounds the JSON that is laid out for reading.
const rawMost = 2 << 20

// rawLines lays out JSON with its digits and its order as they are.
func rawLines(b []byte, cuts []vault.Cut) []string {
	var lines []string
	for i, c := range cuts {
		lines = append(lines, fmt.Sprintf("// attachment %d, %d bytes, is kept beside this text", i+1, c.Size))
	}
	if len(b) > rawMost {
		return append(lines, fmt.Sprintf("// %d bytes are more than can be shown here; export them", len(b)))
	}
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return append(lines, widget.CleanLines(string(b))...)
	}
	for l := range strings.SplitSeq(out.String(), "\n") {
		lines = append(lines, escaped(l))
	}
	return lines
}

// escaped shows what Clean would take out of JSON as the escape it could be
// written as, so that two texts that differ look different.
func escaped(s string) string { return widget.Clean(string(plain.JSON([]byte(s)))) }

func (s *record) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case recordRead:
			if msg.lane == &s.reads {
				s.take(v)
			}
		case saved:
			if msg.lane == &s.acts { // this one was deleted
				s.drop(s)
				s.say("Deleted. Its history stays.")
			} else if v.record.ID == s.id && s.at == 0 {
				return s.Init()
			}
		}
	case tea.KeyPressMsg:
		s.sure = false
		s.pager.Key(msg.String())
	}
	return nil
}

func (s *record) take(v recordRead) {
	line := v.r.Row()
	s.r, s.row, s.facts, s.files, s.text, s.raw = &v.r, rowOf(&line), v.facts, v.files, v.text, v.raw
	s.show()
}

func (s *record) show() {
	if s.isRaw {
		s.pager.Set(s.raw)
	} else {
		s.pager.Set(s.text)
	}
}

// shortened is what the record is and came from, with as much of its id as there is room for.
func (s *record) shortened(w int) string {
	id := s.r.ID.String()
	if w < 120 {
		return strings.Replace(s.facts[1], id, id[:12], 1)
	}
	return s.facts[1]
}

func (s *record) View(w, h int) string {
	t := s.d.theme
	if s.r == nil {
		text := "Reading…"
		if !s.reads.busy {
			text = "This record cannot be shown."
		}
		return widget.Block([]string{"", "  " + text}, w, h)
	}
	title := words(s.row.typ) + ": " + stated(s.row.title, "without a title")
	mode := "readable"
	if s.isRaw {
		mode = "JSON"
	}
	lines := []string{t.Title.Render(widget.Fit(" "+title, w-14)) + widget.FitRight(mode+" ", 14), t.Faint.Render(widget.Fit(" "+calledIn(s.facts[0], s.d.called), w)),
		t.Faint.Render(widget.Fit(" "+s.shortened(w), w)), ""}
	for _, l := range s.pager.Draw(w-2, h-6) {
		lines = append(lines, " "+l)
	}
	for len(lines) < h-1 {
		lines = append(lines, "")
	}
	foot := fmt.Sprintf(" %d %%", s.pager.Place())
	if n := len(s.files); n > 0 {
		foot += " · " + plural(n, "attachment") + ": o"
	}
	return widget.Block(append(lines, t.Faint.Render(widget.Fit(foot, w))), w, h)
}

func (s *record) About() about {
	none, past, files, flat := "", "", "", "Only a measured value of a patient can be drawn."
	switch {
	case s.r == nil:
		none = "The record is not read yet."
	case s.at > 0:
		past = "An earlier version cannot be changed."
	case s.r.Deleted:
		past = "The record was deleted."
	}
	if len(s.files) == 0 {
		files = "The record has no attachment."
	}
	if s.r != nil && s.row.trends && s.p != nil {
		flat = ""
	}
	del := "delete"
	if s.sure {
		del = "again deletes it; any other key does not"
	}
	a := about{name: "record", patient: s.p, keys: []binding{
		bind("r", "readable or JSON", func() tea.Cmd { s.isRaw = !s.isRaw; s.show(); return nil }).unless(none).foot(),
		bind("v", "versions", func() tea.Cmd { s.open(newHistory(s.commands, s.p, s.id)); return nil }).unless(none).foot(),
		bind("e", "edit", func() tea.Cmd { return s.edit(false) }).unless(none + past).foot(),
		bind("J", "edit as JSON", func() tea.Cmd { return s.edit(true) }).unless(none + past),
		bind("d", del, s.remove).unless(none + past).foot(),
		bind("t", "chart of this test", func() tea.Cmd {
			s.open(newTrendOf(s.commands, s.p, s.row.code, s.row.title, ""))
			return nil
		}).unless(flat),
		bind("o", "attachments", func() tea.Cmd { s.open(newAttachments(s.commands, s.p, s.r.Patient, s.files)); return nil }).unless(files).foot(),
	}}
	if s.r != nil && s.r.Conflict && s.at == 0 && s.d.sharing() != nil {
		a.keys = append([]binding{bind("c", "decide the conflict", func() tea.Cmd { s.open(newDeciding(s.commands, s.id)); return nil }).foot()}, a.keys...)
	}
	return a
}

// edit opens the form of the record, or its JSON where that is asked for or there
// is no form.
func (s *record) edit(raw bool) tea.Cmd {
	if len(s.r.Resource.Cuts) > 0 {
		s.fail("A record with a large attachment is edited on the command line: phivault edit.")
		return nil
	}
	if raw || !amendable(s.r) {
		s.open(newEditor(s.commands, s.p, s.r))
	} else {
		s.open(newAmend(s.commands, s.p, s.r))
	}
	return nil
}

// remove deletes on the second key in a row.
func (s *record) remove() tea.Cmd {
	if !s.sure {
		s.sure = true
		s.fail("d again deletes this record. Its history stays.")
		return nil
	}
	r := *s.r
	return s.reading(&s.acts, func(ctx context.Context, in Session) (any, error) {
		if err := in.Editor().Delete(ctx, r); err != nil {
			return nil, err
		}
		r.Deleted = true
		return saved{record: r}, nil
	})
}

func (s *record) Wipe() {
	s.reads.end()
	s.acts.end()
	s.r, s.text, s.raw, s.files = nil, nil, nil, nil
	s.pager.Wipe()
}

// saved says that a record was added, changed or deleted: every screen that
// shows it reads anew.
type saved struct {
	record vault.Record
	n      int // how many, where more than one was added
}
