package tui

import (
	"errors"
	"testing"

	"phivault/tui/theme"
	"phivault/vault"
)

// Only the newest question of a lane is answered, and a wiped one by nobody.
func TestStaleAnswersReachNobody(t *testing.T) {
	m := New(t.Context(), Options{Opener: nobody{}})
	m.session = empty{}
	s := newSearch(commands{m.desk}, nil)
	m.stack = append(m.stack, s)
	var cmds []func() any
	for _, text := range []string{"gout", "cough"} {
		s.in.Set(text)
		c := s.look()
		cmds = append(cmds, func() any { return c() })
	}
	old, newest := cmds[0]().(answer), cmds[1]().(answer)
	m.Update(newest)
	if s.asked != "cough" {
		t.Fatalf("asked %q", s.asked)
	}
	old.value, old.err = found{text: "gout"}, nil
	m.Update(old)
	if s.asked != "cough" {
		t.Error("an old answer was taken")
	}
	s.in.Set("fever")
	c := s.look()
	s.Wipe()
	m.Update(c())
	if s.asked != "" {
		t.Error("a wiped screen took an answer")
	}
}

// The command that closes the vault may never run: the program falls, or is
// killed, right after the key.
func TestTheVaultIsClosedThoughTheProgramFalls(t *testing.T) {
	for name, before := range map[string]func(*Model){"at once": func(*Model) {}, "after the key": func(m *Model) { m.end(Locked) }} {
		m := New(t.Context(), Options{Opener: nobody{}})
		n := 0
		m.session = counted{n: &n}
		before(m)
		if m.Close(); n != 1 {
			t.Errorf("%s: closed %d times", name, n)
		}
	}
}

// A key that does nothing says why, in every table.
func TestDisabledKeysSayWhy(t *testing.T) {
	m := New(t.Context(), Options{Opener: nobody{}})
	for _, b := range m.keys(about{}) {
		if b.help == "" || b.do == nil {
			t.Errorf("%v has no help or does nothing", b.keys)
		}
	}
	b, ok := find(m.keys(about{}), "esc")
	if !ok || b.off == "" {
		t.Error("Esc on the first screen gives no reason")
	}
}

func TestAFaultInAQuestionIsAnAnswer(t *testing.T) {
	m := New(t.Context(), Options{Opener: nobody{}})
	m.session = falls{}
	s := newSearch(commands{m.desk}, nil)
	s.in.Set("gout")
	a := s.look()().(answer)
	if !errors.Is(a.err, errFault) || a.value != nil {
		t.Errorf("%+v", a)
	}
}

func TestDatesAreWrittenAsFarAsTheyAreStated(t *testing.T) {
	for in, want := range map[string]string{"1952-03-16": "16-Mar-1952", "1952-03": "Mar 1952", "1952": "1952", "": "", "soon": "soon",
		"2020-12-31T23:59:59-08:00": "31-Dec-2020", "2020-13-01": "2020-13-01", "12345": "12345"} {
		if got := dayText(in); got != want {
			t.Errorf("%q is %q, not %q", in, got, want)
		}
	}
}

func TestAFlagIsSymbolAndLetterAndNeverMadeUp(t *testing.T) {
	for in, want := range map[string]string{"": "–", "H": "▲H", "HH": "▲HH", "L": "▼L", "LL": "▼LL", "N": "N", "A": "◆A", "POS": "◆POS"} {
		if got := flagText(in); got != want {
			t.Errorf("%q is %q, not %q", in, got, want)
		}
	}
	if got := flagged(theme.Plain(), "HH"); got != "\x1b[1m▲HH\x1b[0m" {
		t.Errorf("%q", got)
	}
}

func TestAFeedGivesTypesInOneOrder(t *testing.T) {
	f := newFeed(vault.Query{}, "a", "b")
	rows := func(orders ...int64) (out []row) {
		for _, o := range orders {
			out = append(out, row{order: o})
		}
		return out
	}
	f.add(page{rows: [][]row{rows(9, 7), rows(8)}, ended: []bool{false, false}})
	if len(f.rows) != 2 || f.done() { // 7 has to wait for what b says next
		t.Fatal(f.rows)
	}
	f.add(page{rows: [][]row{nil, rows(6)}, ended: []bool{false, true}})
	f.add(page{rows: [][]row{rows(5), nil}, ended: []bool{true, true}})
	last := int64(10)
	for _, r := range f.rows {
		if r.order >= last {
			t.Errorf("%d comes after %d", r.order, last)
		}
		last = r.order
	}
	if len(f.rows) != 5 || !f.done() {
		t.Error(f.rows)
	}
}
