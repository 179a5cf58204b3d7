package tui

import tea "charm.land/bubbletea/v2"

// ahead keeps what is typed while a vault opens, for the first screen: a search, which
// begins with "/" and is text from there on, and nothing else. Any other key would act on
// what nobody has seen (see curtain), and any other text may be the passphrase once more,
// typed by someone who thinks that the first time went wrong: it must stand nowhere.
type ahead struct {
	on   bool
	keys []tea.KeyPressMsg // the first is "/"
}

// aheadMost bounds what is kept.
const aheadMost = 256

// begin keeps what comes from now on. A passphrase that begins as a search does may come
// once more.
func (a *ahead) begin(passphrase []byte) {
	*a = ahead{on: len(passphrase) == 0 || passphrase[0] != '/'}
}

// end keeps no more than there is: what was typed behind something that is lost is lost.
func (a *ahead) end() { a.on = false }

// take reports whether k is kept.
func (a *ahead) take(k tea.KeyPressMsg) bool {
	switch n := len(a.keys); {
	case !a.on:
	case n > 0 && k.String() == "backspace":
		a.keys = a.keys[:n-1]
		return true
	case n < aheadMost && k.Text != "" && (n > 0 || k.Text == "/"):
		a.keys = append(a.keys, k)
		return true
	}
	a.end()
	return false
}

// catchUp begins the search that was typed ahead, on the first screen. It is the person's
// own text that they see, so keys act from here on.
func (m *Model) catchUp() tea.Cmd {
	keys := m.ahead.keys
	m.ahead = ahead{}
	if len(keys) == 0 {
		return nil
	}
	if m.help != nil {
		m.curtain.early = true
		return nil
	}
	s := newSearch(commands{m.desk}, m.top().About().patient)
	s.open(s)
	for _, k := range keys[1:] {
		s.in.Key(k.String(), k.Text)
	}
	m.curtain.state.Store(risen)
	return m.ask(s.look())
}
