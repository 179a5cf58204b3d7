package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"phivault/tui/widget"
)

// View draws the frame: the banner, the screen, a line for what happened, and
// the keys that are worth knowing.
func (m *Model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.MouseMode = tea.MouseModeCellMotion
	v.WindowTitle = "phivault" // never a name: titles are logged and shown in task bars
	return v
}

func (m *Model) draw() string {
	switch {
	case m.w < 1 || m.h < 1:
		return ""
	case m.closing:
		return widget.Block([]string{"Closing the vault."}, m.w, m.h)
	case m.w < leastWidth || m.h < leastHeight:
		return widget.Block(widget.Wrap(fmt.Sprintf("This terminal has %d columns and %d lines. phivault needs %d and %d: make the window larger, or start phivault --accessible.",
			m.w, m.h, leastWidth, leastHeight), m.w), m.w, m.h)
	}
	a := m.top().About()
	head := m.theme.Title.Render("phivault") + widget.Fit("", m.w-len("phivault"))
	if a.patient != nil {
		head = a.patient.banner(m.w, m.now(), m.theme)
	}
	head, status := m.banner(head)
	body := ""
	if m.help != nil {
		body = m.help.view(m.w, m.h-3)
	} else {
		body = m.top().View(m.w, m.h-3)
	}
	said, foot := m.foot(a)
	if m.line == "" && !m.curtain.blank() {
		said = []string{status}
	}
	lines := append(strings.Split(body, "\n")[:m.h-2-len(said)], said...)
	return head + "\n" + strings.Join(lines, "\n") + "\n" + foot
}

// banner puts the quiet status at the right end of the first line. Where what
// stands there needs the room, it is the line above the keys.
func (m *Model) banner(head string) (with, below string) {
	text, bad := m.status()
	style := m.theme.Faint
	if bad {
		style, text = m.theme.Error, "! "+text
	}
	rest := strings.TrimRight(head, " ")
	gap := m.w - widget.Width(rest) - widget.Width(text)
	switch {
	case text == "":
		return head, widget.Fit("", m.w)
	case gap >= 3:
		return rest + strings.Repeat(" ", gap) + style.Render(text), widget.Fit("", m.w)
	}
	return head, style.Render(widget.FitRight(text+" ", m.w))
}

// toldMost is how many lines a text at the foot may take of the screen above.
const toldMost = 8

// told gives what happened, in as many lines as it takes, and the keys worth knowing.
// What a long text covers is seen again with the next key.
func (m *Model) told(a about) (said []string, foot string) {
	text, style, sign := widget.Clean(m.line), m.theme.Good, "✓ "
	if m.bad {
		style, sign = m.theme.Error, "! "
	}
	if text == "" {
		return []string{widget.Fit("", m.w)}, m.hints(a)
	}
	for i, l := range widget.Wrap(text, m.w-3) {
		if i == toldMost {
			break
		}
		said = append(said, style.Render(widget.Fit(sign+l, m.w)))
		sign = "  "
	}
	return said, m.hints(a)
}

// hints names the keys that are worth a place at the foot.
func (m *Model) hints(a about) string {
	if m.help != nil {
		return m.theme.Faint.Render(widget.Fit(m.help.hint(), m.w))
	}
	own, last := hintsOf(a.keys), hintsOf(m.keys(a))
	if a.typing {
		last = append(last, " F1 help ")
		if !a.holds && len(m.stack) > 1 {
			last = append(last, " Esc back ")
		}
	}
	tail := strings.Join(last, "")
	line := ""
	for _, part := range own {
		if widget.Width(line)+widget.Width(part)+widget.Width(tail) > m.w {
			break
		}
		line += part
	}
	return m.theme.Faint.Render(widget.Fit(line+tail, m.w))
}

func hintsOf(table []binding) (out []string) {
	for _, k := range table {
		if k.hint && k.off == "" {
			text := k.as
			if text == "" {
				text = keyName(k.keys[0]) + " " + k.help
			}
			out = append(out, " "+text+" ")
		}
	}
	return out
}
