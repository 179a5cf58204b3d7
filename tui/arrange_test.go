package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"phivault/vault"
)

func TestWithinFindsLettersInTheirOrder(t *testing.T) {
	for in, want := range map[string]bool{"crn cameron": true, "cmr cameron": true, "rmn cameron": false, "cnr cameron": false, "müñ müñoz": true, "çx ça": false} {
		part, word, _ := strings.Cut(in, " ")
		if within(word, part) != want {
			t.Errorf("%q", in)
		}
	}
}

// crowded is a list of as many patients as are kept for the filter.
func crowded() *patients {
	s := newPatients(commands{&desk{now: time.Now}})
	for i := range patientsMost {
		name := fmt.Sprintf("Family%d, Given%d Second", (i*7919)%patientsMost, i%97)
		s.all = append(s.all, patient{id: vault.RecordID{byte(i), byte(i >> 8), 1}, name: name, sortAs: strings.ToLower(name), words: strings.ToLower(name) + " 1952-03-16 16-mar-1952 0f3a7c11-aaaa-bbbb"})
	}
	return s
}

func TestTheListIsInOrderWhateverIsTyped(t *testing.T) {
	s := crowded()
	s.all[17].name, s.all[17].sortAs = "", ""
	s.all[4000].opened = time.Now()
	s.arrange(false)
	if s.shown[0] != 4000 || s.shown[len(s.shown)-1] != 17 || len(s.shown) != patientsMost {
		t.Fatal(s.shown[0], s.shown[len(s.shown)-1], len(s.shown))
	}
	names := []string{}
	for _, i := range s.shown[1 : len(s.shown)-1] {
		names = append(names, s.all[i].sortAs)
	}
	if !slices.IsSorted(names) {
		t.Error("the names are in disorder")
	}
	s.list.At = 2
	was := s.selected().id
	s.arrange(true)
	if s.selected().id != was {
		t.Error("the selected one changed")
	}
	s.filter.Set("family12 second")
	s.arrange(false)
	for _, i := range s.shown {
		if !strings.Contains(s.all[i].words, "family12") && !within(strings.Fields(s.all[i].words)[0], "family12") {
			t.Fatalf("%q does not fit", s.all[i].words)
		}
	}
	if n := len(s.shown); n < 100 || !strings.HasPrefix(s.all[s.shown[0]].sortAs, "family12") {
		t.Error(n, s.all[s.shown[0]].sortAs)
	}
}

// BenchmarkFilter is what a letter in the filter of a large vault costs before the
// next frame. It must stay far below 16 ms.
func BenchmarkFilter(b *testing.B) {
	s := crowded()
	for b.Loop() {
		s.filter.Set("fam sec")
		s.arrange(false)
		s.filter.Set("")
		s.arrange(false)
	}
}
