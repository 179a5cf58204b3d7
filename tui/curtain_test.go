package tui

import (
	"context"
	"io"
	"iter"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

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
