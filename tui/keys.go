package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// binding is a key of a screen: what it is called, what it does, and why not
// when it cannot. Help and the hints at the foot are made from it.
type binding struct {
	keys []string // as Bubble Tea names them; the first is the one that is shown
	help string   // what it does, a few words; "" keeps it out of help
	off  string   // why it does nothing now; "" when it works
	do   func() tea.Cmd
	hint bool   // worth a place at the foot of the screen
	as   string // what the foot says in place of the key and what it does; "": these
}

// bind makes a binding for keys, separated by spaces.
func bind(keys, help string, do func() tea.Cmd) binding {
	return binding{keys: strings.Fields(keys), help: help, do: do}
}

// foot has the key named at the foot of the screen.
func (b binding) foot() binding {
	b.hint = true
	return b
}

// unless says why the key does nothing, when reason is not "".
func (b binding) unless(reason string) binding {
	b.off = reason
	return b
}

func (b binding) has(key string) bool { return slices.Contains(b.keys, key) }

// find gives the first binding for key.
func find(table []binding, key string) (binding, bool) {
	for _, b := range table {
		if b.has(key) {
			return b, true
		}
	}
	return binding{}, false
}

// keyName is how a key is written for people.
func keyName(key string) string {
	switch key {
	case "f1":
		return "F1"
	case "esc":
		return "Esc"
	case "enter":
		return "Enter"
	case "tab":
		return "Tab"
	case "shift+tab":
		return "Shift-Tab"
	case "space":
		return "Space"
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgup":
		return "PgUp"
	case "pgdown":
		return "PgDn"
	}
	if k, ok := strings.CutPrefix(key, "ctrl+"); ok {
		return "Ctrl-" + strings.ToUpper(k)
	}
	return key
}

// motions are the keys that every list and pager has.
var motions = []binding{
	{keys: []string{"up", "k"}, help: "up"},
	{keys: []string{"down", "j"}, help: "down"},
	{keys: []string{"pgup", "ctrl+b"}, help: "a page up"},
	{keys: []string{"pgdown", "ctrl+f", "space"}, help: "a page down"},
	{keys: []string{"home", "g"}, help: "to the beginning"},
	{keys: []string{"end", "G"}, help: "to the end"},
}
