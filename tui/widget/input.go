package widget

import (
	"unicode/utf8"
)

// Input is one line of typed text. What is typed or pasted is cleaned.
type Input struct {
	Limit int // characters; 0 is 200
	text  []rune
	at    int
}

// NewInput gives an input that holds text, the cursor at its end.
func NewInput(text string, limit int) Input {
	i := Input{Limit: limit}
	i.Set(text)
	return i
}

func (i *Input) limit() int {
	if i.Limit > 0 {
		return i.Limit
	}
	return 200
}

// Text is what was typed.
func (i *Input) Text() string { return string(i.text) }

// Set replaces the text.
func (i *Input) Set(text string) {
	i.text = []rune(Clean(text))
	i.at = len(i.text)
}

// Paste inserts text. ok is false, and nothing is changed, when it would be over
// the limit.
func (i *Input) Paste(text string) (ok bool) {
	if utf8.RuneCountInString(text) > i.limit()-len(i.text) {
		return false
	}
	i.insert(Clean(text))
	return true
}

func (i *Input) insert(text string) {
	r := []rune(text)
	if len(i.text)+len(r) > i.limit() {
		return
	}
	i.text = append(i.text[:i.at], append(r, i.text[i.at:]...)...)
	i.at += len(r)
}

// Key edits; text is what the key types, "" for one that types nothing. done is
// false for keys that are not its own.
func (i *Input) Key(key, text string) (done bool) {
	switch key {
	case "left":
		i.at = max(0, i.at-1)
	case "right":
		i.at = min(len(i.text), i.at+1)
	case "home", "ctrl+a":
		i.at = 0
	case "end", "ctrl+e":
		i.at = len(i.text)
	case "backspace", "ctrl+h":
		if i.at > 0 {
			i.text = append(i.text[:i.at-1], i.text[i.at:]...)
			i.at--
		}
	case "delete":
		if i.at < len(i.text) {
			i.text = append(i.text[:i.at], i.text[i.at+1:]...)
		}
	case "ctrl+u":
		i.Wipe()
	case "ctrl+w":
		from := i.at
		for i.at > 0 && i.text[i.at-1] == ' ' {
			i.at--
		}
		for i.at > 0 && i.text[i.at-1] != ' ' {
			i.at--
		}
		i.text = append(i.text[:i.at], i.text[from:]...)
	default:
		if text == "" {
			return false
		}
		i.insert(Clean(text))
	}
	return true
}

// Draw draws the text in w columns with the cursor where typing goes; cursor
// styles the character under it and is nil without focus.
func (i *Input) Draw(w int, cursor func(string) string) string {
	from, used := i.at, 0
	for from > 0 && used+Width(string(i.text[from-1])) < w-1 {
		from--
		used += Width(string(i.text[from]))
	}
	before, under, after := string(i.text[from:i.at]), " ", ""
	if i.at < len(i.text) {
		under, after = string(i.text[i.at]), string(i.text[i.at+1:])
	}
	if cursor == nil {
		return Fit(string(i.text[from:]), w)
	}
	if Width(under) == 0 { // a mark alone has no place of its own
		under = "\u25cc" + under
	}
	room := max(0, w-Width(before)-Width(under))
	return before + cursor(under) + Fit(after, room)
}

// Wipe drops the text.
func (i *Input) Wipe() {
	clear(i.text[:cap(i.text)])
	i.text, i.at = i.text[:0], 0
}
