package tui_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/tui/tuitest"
)

const partly = `{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}],"birthDate":"1952-03"}
{"resourceType":"Observation","id":"bp1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}],"text":"Blood pressure"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-05-01","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":1200,"unit":"mmHg"}}]}
{"resourceType":"Observation","id":"bp0","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}],"text":"Blood pressure"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-04-01","component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":121,"unit":"mmHg"}},{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":79,"unit":"mmHg"}}]}
{"resourceType":"Observation","id":"gas","status":"final","code":{"text":"Blood gas"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-03-01","component":[{"code":{"text":"pH"},"valueQuantity":{"value":7.41}},{"code":{"text":"pO2"},"valueQuantity":{"value":88,"unit":"mmHg"}}]}
{"resourceType":"AllergyIntolerance","id":"a1","code":{"text":"Penicillin G benzathine, from a very long list of names of it"},"criticality":"high","clinicalStatus":{"coding":[{"code":"active"}]},"patient":{"reference":"Patient/p1"},"recordedDate":"2001-02-03","reaction":[{"manifestation":[{"text":"Anaphylaxis"}],"severity":"severe"},{"manifestation":[{"coding":[{"display":"Hives"}]}]}]}
{"resourceType":"AllergyIntolerance","id":"a2","code":{"text":"Latex"},"criticality":"low","patient":{"reference":"Patient/p1"},"reaction":[{"manifestation":[{"concept":{"text":"Rash"}}]}]}
{"resourceType":"Observation","id":"bare","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2823-3"}]},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"last spring","valueQuantity":{"value":4.1,"unit":"mmol/L"}}
`

// A value that is there in part is shown as far as it is.
func TestAPartOfAValueIsShown(t *testing.T) {
	s := sit(t, filled(t, func(w io.Writer) { io.WriteString(w, partly) })).Unlock(passphrase).Screen("chart summary")
	s.Expect("1200/– mmHg (was 121/79)", "2 values").Refuse("no value")
	for !strings.Contains(s.Text(), "› 01-May-24") {
		s.Press("down")
	}
	s.Press("t").Expect("1200").Refuse("No values")
}

// What makes an allergy dangerous stands in its line.
func TestAnAllergySaysHowDangerousItIs(t *testing.T) {
	o := filled(t, func(w io.Writer) { io.WriteString(w, partly) })
	s := sit(t, o).Unlock(passphrase).Screen("chart summary")
	s.Expect("…, criticality high", "Latex, criticality low, Rash")
	s.Resize(160, 48).Expect("criticality high, Anaphylaxis (severe), Hives")
}

func TestALineSessionSaysHowDangerousAnAllergyIs(t *testing.T) {
	r, _, err := talk(t, filled(t, func(w io.Writer) { io.WriteString(w, partly) }), passphrase, "1", "ada", "1", "0", "0")
	if err != nil && err != io.EOF {
		t.Error(err)
	}
	r.expect("Penicillin G", "criticality high, Anaphylaxis (severe), Hives", "1200/– mmHg")
}

// What a record lacked before, or held amiss, is not demanded of whoever changes something else.
func TestAFormDemandsNothingThatWasMissingBefore(t *testing.T) {
	o := filled(t, func(w io.Writer) { io.WriteString(w, partly) })
	s := sit(t, o).Unlock(passphrase).Screen("chart summary").Press("7")
	before, _ := stored(t, o, "bare")
	for i := 0; !strings.Contains(s.Text(), "› no date      Observation"); i++ {
		if i == 9 {
			t.Fatal(s.Text())
		}
		s.Press("down")
	}
	s.Press("enter", "e").Screen("edit")
	for !strings.Contains(s.Text(), "› Value") {
		s.Press("down")
	}
	s.Press("backspace").Type("4").Press("ctrl+s").Screen("record").Expect("Saved as version 2.")
	after, _ := stored(t, o, "bare")
	if after != strings.Replace(before, "4.1", "4.4", 1) && after != strings.Replace(before, "4.1", "4.", 1)+"4" {
		t.Error(after)
	}
}

// A refused CSV says what to do, and a question is not told as something done.
func TestARefusalSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "measurements.csv")
	if err := os.WriteFile(path, []byte("Day;Weight\n2024-01-01;70\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sit(t, sample(t)).Unlock(passphrase).Resize(160, 48).Press("I").Type(path).Press("enter")
	for range 2 {
		if !strings.Contains(s.Text(), "Refused") {
			s.Press("enter")
		}
	}
	s.Expect("measurements.csv: its format", "a CSV needs a mapping of its columns: phivault import --map").Refuse(", :")
	s.Press("esc")
	s.Leave("patients")
	s.Press("enter", "7", "enter", "d").Expect("! d again deletes this record.").Refuse("✓ d again")
}

// wordy says much about every passphrase.
type wordy struct{ *opener }

func (w wordy) Strength(*secret.Bytes) (bool, string) {
	return false, "Weak: guessed in 4 minutes by whoever has the vault and one machine (it contains a common passphrase)."
}

// What is said of a passphrase is said whole, and hides no passphrase that is to be written down.
func TestTheJudgementOfAPassphraseIsWhole(t *testing.T) {
	s := tuitest.New(t, tui.Options{Opener: wordy{&opener{dir: filepath.Join(t.TempDir(), "vault")}}, Clock: noon}).Resize(80, 24)
	s.Type("letmein").Press("ctrl+g").Expect("machine (it", "contains a common passphrase).", "six words that were generated here")
}
