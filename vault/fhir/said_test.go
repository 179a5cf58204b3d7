package fhir

import (
	"strings"
	"testing"

	"phivault/vault"
)

func TestAViewSaysDatesAndReferencesAsTheReaderWants(t *testing.T) {
	r := &vault.Resource{JSON: []byte(`{"resourceType":"Observation","status":"final","code":{"text":"HbA1c"},
		"subject":{"reference":"urn:uuid:a"},"encounter":{"reference":"urn:uuid:b","display":"Visit"},"performer":[{"reference":"urn:uuid:c"}],
		"effectivePeriod":{"start":"2024-01-02","end":"2024-03"},"issued":"2024-01-02T10:00:00.5Z","valueQuantity":{"value":2024,"unit":"%"},
		"note":[{"text":"2024 was good","time":"2024-05"}]}`)}
	view := func(s Said) string {
		var b strings.Builder
		for _, l := range ViewSaid(r, s) {
			b.WriteString(l.Label + "=" + l.Text + "\n")
		}
		return b.String()
	}
	got := view(Said{Date: func(s string) string { return "<" + s + ">" },
		Name: func(ref string) string { return map[string]string{"urn:uuid:a": "Ada", "urn:uuid:b": "another"}[ref] }})
	for _, want := range []string{"=Ada\n", "=Visit\n", "=urn:uuid:c\n", "=<2024-01-02> to <2024-03>\n", "=<2024-01-02T10:00:00.5Z>\n", "2024 was good", "=<2024-05>\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "<2024 was") || !strings.Contains(got, "=2024 %") {
		t.Errorf("prose or a number was taken for a date:\n%s", got)
	}
	if got := view(Said{}); !strings.Contains(got, "=Visit (urn:uuid:b)\n") || strings.Contains(got, "<") {
		t.Errorf("as it is written:\n%s", got)
	}
}

func TestATextThatIsKeptApartIsSaidToBeThere(t *testing.T) {
	head := `{"resourceType":"MolecularSequence","observedSeq":"`
	r := &vault.Resource{JSON: []byte(head + `","id":"1"}`), Cuts: []vault.Cut{{Offset: int64(len(head)), Size: 98304}}}
	for _, l := range View(r) {
		if l.Label == "Observed seq" && l.Text == "131072 characters of base64" {
			return
		}
	}
	t.Errorf("%+v", View(r))
}
