package tui

import (
	"context"
	"io"
	"iter"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/vault"
)

// pair is a session with two patients.
type pair struct{ empty }

func (pair) Records() Records { return pairRecords{} }
func (pair) Survey() Survey   { return noSurvey{} }

type pairRecords struct{ Records }

func (pairRecords) Find(_ context.Context, q vault.Query) iter.Seq2[vault.Record, error] {
	return func(yield func(vault.Record, error) bool) {
		for i := range 2 {
			if q.Type == "Patient" && !yield(vault.Record{ID: vault.RecordID{byte(i + 1)}, Order: int64(i + 1),
				Resource: vault.Resource{Type: "Patient", Title: "Sample, " + string(rune('A'+i))}}, nil) {
				return
			}
		}
	}
}

func (pairRecords) Rows(context.Context, vault.Query) iter.Seq2[vault.Row, error] {
	return func(func(vault.Row, error) bool) {}
}

type noSurvey struct{ Survey }

func (noSurvey) Counts(context.Context) (vault.Counts, error)                 { return vault.Counts{}, nil }
func (noSurvey) Audit(context.Context, int64, func(vault.Audited) bool) error { return nil }

func TestNoKeyActsOnAListThatIsNotShownYet(t *testing.T) {
	m := New(t.Context(), Options{Session: pair{}})
	defer m.Close()
	terminal := m.curtain.watch(io.Discard)
	write := func() { terminal.Write([]byte(m.View().Content)) }
	impatient := func(when string) {
		t.Helper()
		for _, k := range []tea.Msg{tea.KeyPressMsg{Code: tea.KeyEnter}, tea.KeyPressMsg{Code: 'q', Text: "q"}, tea.KeyPressMsg{Code: 'a', Text: "a"},
			tea.PasteMsg{Content: "zzz"}, tea.MouseClickMsg{X: 3, Y: 3, Button: tea.MouseLeft}, tea.MouseClickMsg{X: 3, Y: 3, Button: tea.MouseLeft},
			tea.MouseWheelMsg{Button: tea.MouseWheelDown}} {
			if _, cmd := m.Update(k); cmd != nil || m.Screen() != "patients" || m.closing {
				t.Fatalf("%s %v led to %s", when, k, m.Screen())
			}
		}
	}
	work := []tea.Cmd{m.Init()}
	for len(work) > 0 {
		cmd := work[0]
		work = work[1:]
		if cmd == nil {
			continue
		}
		impatient("before an answer")
		write()
		msg := cmd()
		if all, ok := msg.(tea.BatchMsg); ok {
			work = append(work, all...)
			continue
		}
		_, cmd = m.Update(msg)
		work = append(work, cmd)
		if _, last := msg.(unveil); !last {
			impatient("before it is drawn")
			write()
			impatient("with a frame that may not hold it")
		}
	}
	impatient("before it is written")
	if text := m.View().Content; !strings.Contains(text, "Sample, A") || !strings.Contains(text, "help") || !strings.Contains(text, tooEarly) {
		t.Errorf("the list, its keys, and that some were dropped:\n%s", text)
	}
	write()
	if m.Update(tea.KeyPressMsg{Code: tea.KeyEnter}); m.Screen() != "chart summary" {
		t.Errorf("Enter on the list that is shown led to %s", m.Screen())
	}
}

func TestLeavingDoesNotWaitForTheList(t *testing.T) {
	m := New(t.Context(), Options{Session: pair{}})
	defer m.Close()
	m.curtain.watch(io.Discard)
	m.Init()
	if m.Update(tea.KeyPressMsg{Code: 'c', Mod: tea.ModCtrl}); !m.closing {
		t.Error("Ctrl-C was not taken")
	}
}

// held is an opener whose vault opens when its test says so; fails where that is an error.
type held struct {
	nobody
	open chan error
}

func (held) Look(context.Context) (Place, error) { return Place{Exists: true}, nil }
func (h held) Open(context.Context, *secret.Bytes) (Session, error) {
	if err := <-h.open; err != nil {
		return nil, err
	}
	return pair{}, nil
}

// opened unlocks with a passphrase, types while the vault opens (or, behind "|", once it is
// open and nothing is shown), and gives the interface once that is shown.
func opened(t *testing.T, passphrase, typed string, fails error) *Model {
	t.Helper()
	h := held{open: make(chan error, 1)}
	m := New(t.Context(), Options{Opener: h})
	t.Cleanup(m.Close)
	m.curtain.watch(io.Discard)
	var work []tea.Cmd
	press := func(text string) {
		for _, r := range text {
			k := tea.KeyPressMsg{Code: r, Text: string(r)}
			switch r {
			case '\n':
				k = tea.KeyPressMsg{Code: tea.KeyEnter}
			case '<':
				k = tea.KeyPressMsg{Code: tea.KeyBackspace}
			}
			_, cmd := m.Update(k)
			work = append(work, cmd)
		}
	}
	settle := func(until func() bool) {
		for len(work) > 0 && !until() {
			cmd := work[0]
			work = work[1:]
			if cmd == nil {
				continue
			}
			msg := cmd()
			if all, ok := msg.(tea.BatchMsg); ok {
				work = append(work, all...)
				continue
			}
			_, cmd = m.Update(msg)
			work = append(work, cmd)
		}
	}
	work = append(work, m.Init())
	settle(func() bool { return false })
	press(passphrase + "\n")
	first, then, _ := strings.Cut(typed, "|")
	press(first)
	h.open <- fails
	settle(func() bool { return m.session != nil })
	press(then)
	settle(func() bool { return false })
	if fails != nil {
		if len(m.ahead.keys) > 0 {
			t.Error("what was typed is kept after an error")
		}
		h.open <- nil
		press(passphrase + "\n")
		settle(func() bool { return false })
	}
	m.curtain.shows()
	return m
}

// What is typed for a search while the vault opens is not lost, and nothing else that was
// typed then does anything. Seen to fail with keys that go nowhere, with "/" taken in the
// middle, with what follows Enter, with a passphrase that begins with "/", and after an error.
func TestASearchTypedWhileTheVaultOpensIsTaken(t *testing.T) {
	for name, c := range map[string]struct {
		passphrase, typed string
		fails             error
		want, line        string // want: what is searched for; "-": nothing is
	}{
		"a search":                   {"violin", "/metformin", nil, "metformin", ""},
		"while it opens and after":   {"violin", "/metf|ormin", nil, "metformin", ""},
		"after":                      {"violin", "|/metformin", nil, "metformin", ""},
		"mended":                     {"violin", "/medf<<tf", nil, "metf", ""},
		"begun anew":                 {"violin", "/<", nil, "-", ""},
		"called off":                 {"violin", "/<metf", nil, "-", tooEarly},
		"up to Enter":                {"violin", "/metf\n\nx|y", nil, "metf", tooEarlyBut},
		"Enter":                      {"violin", "\n", nil, "-", tooEarly},
		"keys":                       {"violin", "jjq", nil, "-", tooEarly},
		"the passphrase":             {"violin", "violin", nil, "-", tooEarly},
		"a passphrase with a search": {"vio/lin", "vio/lin", nil, "-", tooEarly},
		"one that looks like it":     {"/violin", "/violin", nil, "-", tooEarly},
		"wrong":                      {"violin", "/metf", errNobody, "-", ""},
		"very much":                  {"violin", "/" + strings.Repeat("m", 400), nil, strings.Repeat("m", 200), tooEarlyBut},
		"nothing":                    {"violin", "", nil, "-", ""},
	} {
		m := opened(t, c.passphrase, c.typed, c.fails)
		got := "-"
		if s, ok := m.top().(*search); ok {
			got = s.in.Text()
		}
		if got != c.want || m.line != c.line || m.session == nil || len(m.ahead.keys) > 0 || m.curtain.down() {
			t.Errorf("%s: searched for %q, told %q", name, got, m.line)
		}
		if m.closing || got == "-" && m.Screen() != "patients" {
			t.Errorf("%s: it led to %s", name, m.Screen())
		}
	}
}

// A vault that a script's passphrase opened asked for none.
func TestASearchTypedAtTheStartIsTaken(t *testing.T) {
	m := New(t.Context(), Options{Session: pair{}})
	defer m.Close()
	m.curtain.watch(io.Discard)
	m.Init()
	for _, r := range "/metf" {
		m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	m.Update(unveil{})
	if s, ok := m.top().(*search); !ok || s.in.Text() != "metf" {
		t.Error(m.Screen())
	}
}

// What is read still is not said to be nothing. Seen to fail when it was.
func TestNothingIsHereOnlyOnceItWasRead(t *testing.T) {
	m := New(t.Context(), Options{Opener: nobody{}})
	defer m.Close()
	m.session = pair{}
	c := commands{m.desk}
	for _, s := range []screen{newSummary(c, &patient{}), newListing(c, &patient{}, listingKind{}, vault.Query{}, "Basic")} {
		ask := s.Init()
		enter := func() string {
			b, ok := find(s.About().keys, "enter")
			if !ok {
				t.Fatalf("%T: no key", s)
			}
			return b.off
		}
		if got := enter(); !strings.Contains(got, "being read") {
			t.Errorf("%T says %q of what it reads", s, got)
		}
		a := ask().(answer)
		a.lane.busy = false
		s.Update(a)
		if got := enter(); got != "There is no record here." {
			t.Errorf("%T says %q of nothing", s, got)
		}
	}
}
