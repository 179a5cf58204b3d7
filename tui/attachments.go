package tui

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
	"phivault/vault"
)

// AttachmentsOf finds the documents inside a resource: every object that has
// base64 data with a content type, as FHIR's Attachment and Binary do.
func AttachmentsOf(r *vault.Resource) (out []Attachment) {
	d := json.NewDecoder(bytes.NewReader(r.JSON))
	d.UseNumber()
	f := &finder{d: d, cuts: r.Cuts}
	f.value("")
	return f.found
}

// finder walks JSON and knows where it is, because a cut is a place.
type finder struct {
	d     *json.Decoder
	cuts  []vault.Cut
	found []Attachment
}

func (f *finder) value(string) (text string, cut *vault.Cut, ok bool) {
	tok, err := f.d.Token()
	if err != nil {
		return "", nil, false
	}
	switch t := tok.(type) {
	case string:
		at := f.d.InputOffset()
		for i := range f.cuts {
			if t == "" && f.cuts[i].Offset == at-1 {
				return "", &f.cuts[i], true
			}
		}
		return t, nil, true
	case json.Delim:
		if t == '{' {
			f.object()
		} else {
			for f.d.More() {
				if _, _, ok := f.value(""); !ok && !f.d.More() {
					break
				}
			}
			_, err = f.d.Token()
		}
	}
	return "", nil, err == nil
}

func (f *finder) object() {
	var a Attachment
	var data *vault.Cut
	var inline string
	for f.d.More() {
		key, err := f.d.Token()
		if err != nil {
			return
		}
		text, cut, _ := f.value("")
		switch key {
		case "contentType":
			a.Type = text
		case "title":
			a.Title = text
		case "data":
			data, inline = cut, text
		}
	}
	_, _ = f.d.Token()
	switch {
	case a.Type == "":
		return
	case data != nil:
		a.Size, a.Blob = data.Size, data.SHA256
	case inline != "":
		b, err := base64.StdEncoding.DecodeString(inline)
		if err != nil {
			return
		}
		a.Data, a.Size = b, int64(len(b))
	default:
		return
	}
	f.found = append(f.found, a)
}

// attachments lists a record's documents, reads those of text and saves them.
type attachments struct {
	commands
	p      *patient
	about  vault.RecordID // the patient, for the audit trail
	files  []Attachment
	list   widget.List
	reads  lane
	saves  lane
	pager  widget.Pager
	shown  bool
	saving bool
	path   widget.Input
}

func newAttachments(c commands, p *patient, about vault.RecordID, files []Attachment) *attachments {
	return &attachments{commands: c, p: p, about: about, files: files, list: widget.List{N: len(files)}, path: widget.Input{Limit: 1000}}
}

func (s *attachments) Init() tea.Cmd { return nil }

// textMost of an attachment is shown.
const textMost = 2 << 20

func (s *attachments) read() tea.Cmd {
	a := s.files[s.list.At]
	return s.reading(&s.reads, func(ctx context.Context, in Session) (any, error) { return readText(ctx, in, a) })
}

// readText reads an attachment of text, as much of it as is shown.
func readText(ctx context.Context, in Session, a Attachment) (out textRead, err error) {
	b := a.Data
	if b == nil {
		r, err := in.Exchange().Open(ctx, a)
		if err != nil {
			return out, err
		}
		defer r.Close()
		if b, err = io.ReadAll(io.LimitReader(r, textMost)); err != nil {
			return out, err
		}
	}
	b = b[:min(len(b), textMost)]
	for i := 0; i < utf8.UTFMax && len(b) > 0 && !utf8.Valid(b[max(0, len(b)-utf8.UTFMax):]); i++ {
		b = b[:len(b)-1] // a character that the limit cut through
	}
	out.lines = widget.CleanLines(string(b))
	if a.Size > textMost {
		out.lines = append(out.lines, "", fmt.Sprintf("… of %d bytes; s saves all of it", a.Size))
	}
	return out, nil
}

type textRead struct{ lines []string }

// fileSaved says where an attachment is now, in the clear.
type fileSaved struct{ path string }

func (s *attachments) save() tea.Cmd {
	a, path, about := s.files[s.list.At], strings.TrimSpace(s.path.Text()), s.about
	if path == "" {
		return nil
	}
	return s.reading(&s.saves, func(ctx context.Context, in Session) (any, error) {
		return fileSaved{path}, in.Exchange().Save(ctx, about, path, a)
	})
}

func (s *attachments) Update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case answer:
		switch v := msg.value.(type) {
		case textRead:
			s.shown = true
			s.pager.Set(v.lines)
		case fileSaved:
			s.saving = false
			s.say("Saved, not encrypted, as " + v.path)
		}
	case tea.KeyPressMsg:
		switch {
		case s.saving:
			s.path.Key(msg.String(), msg.Text)
		case s.shown:
			s.pager.Key(msg.String())
		default:
			s.list.Key(msg.String())
		}
	case tea.PasteMsg:
		if s.saving && !s.path.Paste(msg.Content) {
			s.fail("That is too long for a file's name.")
		}
	case click:
		s.list.Click(msg.y - 2)
	}
	return nil
}

func (s *attachments) View(w, h int) string {
	t := s.d.theme
	if s.shown {
		lines := []string{}
		for _, l := range s.pager.Draw(w-2, h) {
			lines = append(lines, " "+l)
		}
		return widget.Block(lines, w, h)
	}
	widths := []int{-1, 30, 14}
	lines := []string{"", t.Faint.Render(widget.Fit("  "+widget.Columns(w-2, widths, "Attachment", "Kind", "Bytes"), w))}
	lines = append(lines, s.list.Draw(w, h-6, t.Selected.Render, func(i, w int) string {
		a := s.files[i]
		return widget.Columns(w, widths, stated(widget.Clean(a.Title), fmt.Sprintf("attachment %d", i+1)), widget.Clean(a.Type), fmt.Sprint(a.Size))
	})...)
	if s.saving {
		lines = append(lines, "", "  Save, not encrypted, as  "+s.path.Draw(w-30, t.Cursor.Render))
	}
	return widget.Block(lines, w, h)
}

// isText reports whether an attachment says of itself that it can be read.
func isText(a Attachment) bool {
	return strings.HasPrefix(a.Type, "text/") || strings.Contains(a.Type, "json") || strings.Contains(a.Type, "xml")
}

func (s *attachments) About() about {
	a := about{name: "attachments", patient: s.p, typing: s.saving, holds: s.saving || s.shown}
	leave := func() tea.Cmd { s.saving, s.shown = false, false; s.pager.Wipe(); return nil }
	switch {
	case s.saving:
		a.keys = []binding{bind("enter", "save", s.save).foot(), bind("esc", "do not save", leave).foot()}
	case s.shown:
		a.keys = []binding{bind("esc q", "the attachments", leave).foot()}
	default:
		other := "Only text can be read here; s saves the file."
		if isText(s.files[s.list.At]) {
			other = ""
		}
		a.keys = []binding{bind("enter", "read", s.read).unless(other).foot(),
			bind("s", "save as a file", func() tea.Cmd { s.saving = true; return nil }).foot()}
	}
	return a
}

func (s *attachments) Wipe() {
	s.reads.end()
	s.saves.end()
	s.files, s.list = nil, widget.List{}
	s.pager.Wipe()
	s.path.Wipe()
}
