package tui

import (
	"strings"

	"phivault/tui/widget"
)

// help lists the keys of the screen it was asked on, made from its key table.
type help struct{ pager widget.Pager }

func newHelp(m *Model, a about) *help {
	lines := []string{"Keys on this screen (" + a.name + ")", ""}
	lines = append(lines, keyLines(a.keys)...)
	lines = append(lines, "", "In every list and text", "")
	lines = append(lines, keyLines(motions)...)
	lines = append(lines, "", "Everywhere", "")
	lines = append(lines, keyLines(m.keys(a))...)
	h := &help{}
	h.pager.Set(lines)
	return h
}

func keyLines(table []binding) (out []string) {
	for _, b := range table {
		if b.help == "" {
			continue
		}
		names := make([]string, len(b.keys))
		for i, k := range b.keys {
			names[i] = keyName(k)
		}
		text := "  " + widget.Fit(strings.Join(names, " "), 18) + "\t " + b.help
		if b.off != "" {
			text += "  (not now: " + b.off + ")"
		}
		out = append(out, text)
	}
	return out
}

// hint says how to leave help, and first that there is more of it.
func (h *help) hint() string {
	if h.pager.Place() < 100 {
		return " Space more keys, below  any other key closes help"
	}
	return " any other key closes help"
}

func (h *help) key(key string) (mine bool) { return h.pager.Key(key) }

func (h *help) view(w, height int) string { return widget.Block(h.pager.Draw(w, height), w, height) }
