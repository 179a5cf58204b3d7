package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/theme"
	"phivault/tui/widget"
	"phivault/vault/fhir/compose"
)

// field is one line of a form.
type field struct {
	key     compose.Key // what it is of a record; "" in other forms
	label   string
	hint    string
	need    bool
	in      widget.Input
	secret  *widget.Secret      // a passphrase in place of text
	choices []string            // the values that there are; left and right go through them
	check   func(string) string // what is wrong with the text, "" when nothing
	area    *widget.Area        // several lines in place of one; the last field of its form
	kept    bool                // it is of a record that exists, where it may stay as it was
	was     string              // what it says there
	off     string              // why the field can only be read, a clause; "" when it can be changed
}

func (f *field) text() string {
	if f.area != nil {
		return f.area.Text()
	}
	return f.in.Text()
}

// form is fields below each other. Enter goes on, and from the last one submits;
// Ctrl-S submits from anywhere.
type form struct {
	fields []*field
	at     int
	fault  string
	first  int // the first field that is drawn
}

// click goes to the field in line y of what was drawn.
func (f *form) click(y int) {
	if i := f.first + y; y >= 0 && i < len(f.fields) {
		f.at, f.fault = i, ""
	}
}

func (f *form) field() *field { return f.fields[f.at] }

// key takes a key; submit says that the form is complete and is to be sent.
func (f *form) key(k tea.KeyPressMsg) (submit bool) {
	key, now := k.String(), f.field()
	f.fault = ""
	if now.area != nil && f.within(now.area, k) {
		return false
	}
	switch key {
	case "up", "shift+tab":
		f.at = (f.at + len(f.fields) - 1) % len(f.fields)
	case "down", "tab":
		f.at = (f.at + 1) % len(f.fields)
	case "enter":
		if f.at < len(f.fields)-1 {
			f.at++
			return false
		}
		return f.complete()
	case "ctrl+s":
		return f.complete()
	default:
		f.edit(now, k)
	}
	return false
}

// within gives a key to a text of several lines, which the arrows leave at its
// first and last one.
func (f *form) within(a *widget.Area, k tea.KeyPressMsg) (mine bool) {
	switch key := k.String(); key {
	case "tab", "shift+tab", "ctrl+s":
		return false
	case "up", "down":
		line := a.Place()
		a.Key(key, "")
		return a.Place() != line
	default:
		a.Key(key, k.Text)
		return true
	}
}

func (f *form) edit(now *field, k tea.KeyPressMsg) {
	key := k.String()
	switch {
	case now.off != "":
		switch key {
		case "left", "right", "home", "end":
			now.in.Key(key, "")
		default:
			f.fault = now.label + " cannot be changed here: " + now.off + "."
		}
	case now.secret != nil:
		now.secret.Key(key, k.Text)
	case len(now.choices) > 0:
		at := slices.Index(now.choices, now.text())
		switch key {
		case "right", "space":
			now.in.Set(now.choices[(at+1)%len(now.choices)])
		case "left":
			now.in.Set(now.choices[(at+len(now.choices)-1)%len(now.choices)])
		}
	default:
		now.in.Key(key, k.Text)
	}
}

// paste puts text into the field; false when it is too long for it.
func (f *form) paste(text string) bool {
	now := f.field()
	switch {
	case now.secret != nil:
		return now.secret.Paste(text)
	case now.area != nil:
		return now.area.Paste(text)
	case now.off != "":
		f.fault = now.label + " cannot be changed here: " + now.off + "."
		return true
	case len(now.choices) > 0:
		return true
	}
	return now.in.Paste(text)
}

// complete checks every field and goes to the first that is wrong.
func (f *form) complete() bool {
	for i, x := range f.fields {
		if wrong := x.wrong(x.text()); wrong != "" {
			f.at, f.fault = i, x.label+" "+wrong
			return false
		}
	}
	return true
}

// wrong is what is wrong with a text for the field, "" when nothing.
func (f *field) wrong(text string) string {
	empty := text == ""
	if f.secret != nil {
		empty = f.secret.Len() == 0
	}
	switch {
	case f.off != "", f.kept && text == f.was:
	case empty && f.need:
		return "is needed."
	case len(f.choices) > 0 && !slices.Contains(f.choices, text):
		return "is one of " + strings.Join(f.choices, ", ") + "."
	case !empty && f.check != nil && f.secret == nil:
		return f.check(text)
	}
	return ""
}

// lines draws the form, scrolled so that its field is seen, in h lines.
func (f *form) lines(w, h int, t theme.Theme) []string {
	label := 0
	for _, x := range f.fields {
		label = max(label, widget.Width(x.label))
	}
	tall := 0 // lines of a text of several, below the others
	if n := len(f.fields); f.fields[n-1].area != nil {
		tall = max(3, h-3-n)
	}
	first := max(0, min(f.at-(h-3-tall)/2, len(f.fields)-(h-3-tall)))
	f.first = first
	var out []string
	for i := first; i < min(len(f.fields), first+max(h-3-tall, 1)); i++ {
		x := f.fields[i]
		var cursor func(string) string
		mark := "  "
		if i == f.at {
			cursor, mark = t.Cursor.Render, "› "
		}
		room := max(10, w-label-6)
		value := ""
		switch {
		case x.secret != nil:
			value = x.secret.Draw(room, cursor)
		case len(x.choices) > 0:
			value = "‹ " + x.text() + " ›"
		case x.area != nil:
			value = ""
		case x.off != "":
			value = "= " + x.in.Draw(room-2, cursor)
		default:
			value = x.in.Draw(room, cursor)
		}
		need := " "
		if x.need {
			need = "*"
		}
		out = append(out, widget.Fit(mark+widget.Fit(x.label, label)+need+" "+value, w))
		if x.area != nil {
			for _, l := range x.area.Draw(w-4, tall, cursor) {
				out = append(out, "    "+l)
			}
		}
	}
	for len(out) < h-2 {
		out = append(out, "")
	}
	note := f.field().hint
	switch now := f.field(); {
	case now.off != "":
		note = "only to be read here: " + now.off
	case now.need && note == "":
		note = "needed"
	}
	style, mark := t.Faint, "  "
	if f.fault != "" {
		style, mark, note = t.Error, "  ! ", f.fault
	}
	lines := wrapped([]string{note}, mark, strings.Repeat(" ", len(mark)), w)
	lines = append(lines, "")
	return append(out, style.Render(widget.Fit(lines[0], w)), style.Render(widget.Fit(lines[1], w)))
}

// values gives the texts by label.
func (f *form) values() map[string]string {
	out := map[string]string{}
	for _, x := range f.fields {
		if x.secret == nil {
			out[x.label] = x.text()
		}
	}
	return out
}

func (f *form) wipe() {
	for _, x := range f.fields {
		x.in.Wipe()
		if x.area != nil {
			x.area.Wipe()
		}
		if x.secret != nil {
			x.secret.Wipe()
		}
	}
}
