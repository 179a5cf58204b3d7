package tui_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
)

// imported makes a vault of a file or folder that others wrote.
func imported(t *testing.T, path string) *opener {
	t.Helper()
	in, err := codec.Open(path, []vault.Codec{fhirjson.JSON()})
	if err != nil {
		t.Fatal(err)
	}
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	load(t, o, in)
	return o
}

// day is a date as the interface writes it.
func day(t *testing.T, effective string) string {
	t.Helper()
	d, err := time.Parse("2006-01-02", effective[:10])
	if err != nil {
		t.Fatal(err)
	}
	return d.Format("02-Jan-2006")
}

// From the list of patients to the chart of HbA1c in less than five keys, and every
// value in it is the source's, to the digit.
func TestTheTrendOfHbA1cIsThreeKeysAwayAndTheSourcesValues(t *testing.T) {
	dir := filepath.Join(corpus(t), "synthea-bundles")
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	charts := 0
	for _, file := range files {
		var points []observation
		for _, x := range observationsOf(t, file) {
			if x.Value != nil && slices.ContainsFunc(x.Code.Coding, func(c struct{ System, Code string }) bool { return c.Code == "4548-4" }) {
				points = append(points, x)
			}
		}
		if len(points) < 3 || charts == 3 {
			continue
		}
		slices.SortStableFunc(points, func(a, b observation) int { return strings.Compare(a.Effective, b.Effective) })
		charts++
		s := sit(t, imported(t, file)).Unlock(passphrase).Screen("chart summary").Press("esc").Screen("patients")
		s.Press("enter", "3", "t").Screen("trend").Expect("4548-4", "no flag stated", "no range supplied").Refuse("▲", "▼")
		for i := len(points) - 1; i >= 0; i-- {
			p := points[i]
			s.Expect(day(t, p.Effective) + "   " + p.Value.Value.String() + " " + p.Value.Unit).Press("left")
		}
		s.Press("esc", "enter").Screen("values")
		for _, p := range points {
			s.Expect(day(t, p.Effective)+"   "+p.Value.Value.String(), "no range supplied")
		}
	}
	if charts < 3 {
		t.Errorf("only %d charts were compared with their files", charts)
	}
}

// What HL7's examples state of ranges and flags is shown, symbol and letter, and
// what they do not state is not.
func TestFlowsheetAndChartOfHL7sExamplesShowTheirFlags(t *testing.T) {
	dir := filepath.Join(corpus(t), "hl7-examples")
	s := sit(t, imported(t, dir)).Resize(160, 48).Unlock(passphrase).Screen("patients").Press("f").Type("heuvel").Press("enter").Screen("chart summary").Press("3").Screen("chart labs")
	for _, name := range []string{"Observation-f001.json", "Observation-f003.json", "Observation-f005.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		var x struct {
			Code           struct{ Coding []struct{ Display string } }
			Value          struct{ Value json.Number } `json:"valueQuantity"`
			Interpretation []struct{ Coding []struct{ Code string } }
			ReferenceRange []struct{ Low, High struct{ Value json.Number } }
			Period         struct{ Start string } `json:"effectivePeriod"`
		}
		if err := json.Unmarshal(b, &x); err != nil {
			t.Fatal(err)
		}
		flag := x.Interpretation[0].Coding[0].Code
		flag = map[string]string{"H": "▲", "L": "▼"}[flag] + flag
		span := x.ReferenceRange[0].Low.Value.String() + "–" + x.ReferenceRange[0].High.Value.String()
		word, _, _ := strings.Cut(x.Code.Coding[0].Display, " [")
		s.Press("f").Type(word).Press("enter").Expect(" 1 test\n", x.Value.Value.String()+" "+flag, span)
		s.Press("enter").Screen("values").Expect(day(t, x.Period.Start), x.Value.Value.String(), flag, span)
		s.Press("t").Screen("trend").Expect("flag "+flag, "range "+span).Press("esc", "esc").Screen("chart labs").Press("esc")
	}
}
