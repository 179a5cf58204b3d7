package tui_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// On the least terminal a value is never what is cut off, and what is cut off can
// be read where it is selected.
func TestWhatALineCutsOffCanBeRead(t *testing.T) {
	o := filled(t, func(w io.Writer) {
		fmt.Fprintln(w, `{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}]}`)
		fmt.Fprintln(w, `{"resourceType":"Patient","id":"p2"}`)
		fmt.Fprintln(w, `{"resourceType":"Observation","id":"o","status":"final","subject":{"reference":"Patient/p1"},"code":{"text":"Platelet distribution width of a very long and careful name by automated count"},"valueQuantity":{"value":287.68340904119725,"unit":"fL"},"effectiveDateTime":"2020-01-01","interpretation":[{"coding":[{"code":"HH"}]}]}`)
		fmt.Fprintln(w, `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p1"},"clinicalStatus":{"text":"active"},"code":{"text":"Carcinoma in situ of a place that takes many words to name it (disorder)"}}`)
	})
	s := sit(t, o).Unlock(passphrase).Screen("patients")
	// Who has no name comes last.
	if text := s.Text(); strings.Index(text, "Sample, Ada") > strings.Index(text, "name not stated") {
		t.Error(text)
	}
	const value = "287.68340904119725 fL"
	s.Press("enter").Screen("chart summary").Expect("takes many words to name it (disorder)")
	s.Press("2").Expect(value+" ▲HH", "careful name by automated")
	s.Press("down").Expect("takes many words to name it (disorder)")
	s.Press("3").Screen("chart labs").Expect("287.6834…", "last "+value+" on 01-Jan-2020")
	s.Press("7").Expect(value)
}
