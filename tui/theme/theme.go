// Package theme gives the interface its styles: few of them, named by what they
// mean, in the sixteen colours that every terminal lets its user choose, so that
// they fit light and dark backgrounds without asking the terminal.
//
// It promises that nothing is told by colour alone: each style that matters is
// bold, underlined or reversed as well. It never writes a sequence other than
// SGR (ECMA-48 8.3.117), and each style ends itself.
package theme

import "strings"

// Style is the parameters of one SGR sequence, "" for plain text.
type Style string

// Theme is what the screens draw with. The zero value draws plain text only.
type Theme struct {
	Name     string
	Title    Style // names of things: the patient, a heading
	Faint    Style // what may be overlooked: hints, axes
	Selected Style // the line that a key acts on
	Tab      Style // the tab that is shown
	Flag     Style // a value that its laboratory flagged
	Error    Style // what went wrong
	Good     Style // what was done
	Added    Style // in a comparison
	Removed  Style
	Match    Style // what was searched for
	Cursor   Style // where typing goes
	Paper    Style // dark on light, whatever the terminal has: for a camera
}

// Colour is the usual theme.
func Colour() Theme {
	return Theme{Name: "colour", Title: "1", Faint: "2", Selected: "7", Tab: "1;7", Flag: "1;31", Error: "1;31",
		Good: "1;32", Added: "32", Removed: "31", Match: "1;4", Cursor: "7", Paper: "30;107"}
}

// Plain does without colours, for NO_COLOR (https://no-color.org) and for taste.
func Plain() Theme {
	return Theme{Name: "plain", Title: "1", Faint: "", Selected: "7", Tab: "1;7", Flag: "1", Error: "1",
		Good: "1", Added: "1", Removed: "", Match: "1;4", Cursor: "7", Paper: "7"}
}

// Named gives the theme of that name, Colour when there is none, and Plain
// whatever the name when colours are not wanted.
func Named(name string, colours bool) Theme {
	if name == "plain" || !colours {
		return Plain()
	}
	return Colour()
}

// Render puts s, which must be one line without sequences of its own that end
// styles, into the style.
func (s Style) Render(text string) string {
	if s == "" || text == "" {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(s) + 8)
	b.WriteString("\x1b[")
	b.WriteString(string(s))
	b.WriteByte('m')
	b.WriteString(text)
	b.WriteString("\x1b[0m")
	return b.String()
}
