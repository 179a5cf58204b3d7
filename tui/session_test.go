package tui_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phivault/tui"
	"phivault/vault"
)

// one patient, with values whose digits, units and flags are easily lost.
const clinic = `{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}],"birthDate":"1952-03","identifier":[{"type":{"coding":[{"code":"MR"}]},"value":"A-17"}]}
{"resourceType":"Observation","id":"o1","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-01-10","valueQuantity":{"value":6.30,"unit":"%"}}
{"resourceType":"Observation","id":"o2","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-06-10","valueQuantity":{"value":7.10,"unit":"%"},"interpretation":[{"coding":[{"code":"HH"}]}],"referenceRange":[{"low":{"value":4.0},"high":{"value":6.0}}]}
{"resourceType":"Observation","id":"o3","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-07-10","valueQuantity":{"value":54,"unit":"mmol/mol"}}
{"resourceType":"Observation","id":"o4","status":"entered-in-error","code":{"coding":[{"system":"http://loinc.org","code":"4548-4"}],"text":"HbA1c"},"subject":{"reference":"Patient/p1"},"effectiveDateTime":"2024-08-10","valueQuantity":{"value":99.9,"unit":"%"}}
{"resourceType":"Condition","id":"c1","code":{"text":"Gout"},"clinicalStatus":{"coding":[{"code":"active"}]},"subject":{"reference":"Patient/p1"},"onsetDateTime":"2019"}
{"resourceType":"Condition","id":"c2","code":{"text":"Cough"},"subject":{"reference":"Patient/p1"},"recordedDate":"2023-02-01"}
{"resourceType":"DocumentReference","id":"d1","status":"current","description":"Letter","date":"2023-01-05T10:00:00Z","subject":{"reference":"Patient/p1"},"content":[{"attachment":{"contentType":"text/plain","title":"letter.txt","data":"RGVhciBjb2xsZWFndWUsCm5leHQgbGluZQ=="}}]}
`

func sample(t testing.TB) *opener {
	return filled(t, func(w io.Writer) { io.WriteString(w, clinic) })
}

func TestAVaultWithOnePatientOpensOnTheChart(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Screen("chart summary")
	s.Expect("Sample, Ada", "Born Mar 1952", "Gender not stated", "MRN A-17")
	s.Expect("No allergy records. That is not \"no known allergies\".", "No active medication is recorded.", "PROBLEMS (2 active)", "Gout", "Cough (no status)")
	s.Expect("54 mmol/mol", "7.10 % (was 6.30)", "▲HH", "4.0–6.0", "no range supplied").Refuse("99.9")
	s.Press("esc").Screen("patients").Expect("1 patient")
	s.Press("enter").Screen("chart summary")
}

func TestTheFlowsheetJoinsNeitherUnitsNorFlags(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("3").Screen("chart labs")
	s.Expect("2 tests", "6.30", "7.10 ▲HH", "1 entered in error or cancelled left out").Refuse("99.9")
	s.Press("enter").Screen("values").Expect("10-Jun-2024", "7.10", "▲HH", "4.0–6.0", "10-Jan-2024", "6.30", "no range supplied")
	s.Press("t").Screen("trend").Expect("7.10 ┤", "6.30 ┤", "2 of 2 values", "flag ▲HH", "range 4.0–6.0")
	s.Press("left").Expect("10-Jan-2024", "no flag stated", "no range supplied", "1 of 2 values")
	s.Press("enter").Screen("record").Expect("Observation: HbA1c", "6.30 %")
}

func TestATrendFromTheSummaryKeepsUnitsApart(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase)
	s.Press("right").Press("t").Screen("trend").Expect("never drawn together: u", "7.10").Refuse("54 mmol")
	s.Press("u").Expect("too few to draw", "54 mmol/mol").Refuse("7.10")
}

func TestTheTrendOfHbA1cIsFourKeysFromThePatients(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase).Screen("patients").Expect("4 patients")
	s.Press("down", "enter", "3", "t").Screen("trend").Expect("Hemoglobin A1c", "4548-4", "7.97 %", "8.03 ┤")
}

func TestSearchFindsWhileTypingAndEscLeavesInOnePress(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase).Press("enter").Screen("chart summary")
	s.Press("/").Screen("search").Expect("Three letters or more").Type("metf").Expect("Medication", "metformin", "Hoshikawa")
	s.Type("ormin").Press("tab").Expect("in this patient").Press("tab")
	s.Press("esc").Screen("chart summary")
	s.Press("/").Type("metformin").Press("enter").Screen("record").Expect("metformin", "Born")
	s.Press("q", "esc").Screen("chart summary")
	s.Press("/").Type("zzzz").Expect("Nothing is found").Press("esc").Screen("chart summary")
	s.Press("/").Type(`"half a phrase`).Press("esc")
}

func TestThePatientsFilterTakesNamesDatesAndIds(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase)
	for _, text := range []string{"quinones", "1970-01", "7tvpm", "crmn"} {
		s.Press("f").Type(text)
		if text == "quinones" { // ñ is another letter: the typed ones are not in it
			s.Expect("Nobody fits").Press("esc")
			continue
		}
		s.Expect("Quiñones", "1 patient").Press("esc").Expect("4 patients")
	}
	s.Press("f").Type("akemi").Press("enter").Screen("chart summary").Expect("Hoshikawa")
	s.Press("esc").Screen("patients").Press("?").Screen("help").Press("esc").Press("esc").Expect("4 patients")
}

func TestTimelineIsFilteredByTypeYearAndSource(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase).Press("down", "enter", "2").Screen("chart timeline").Expect("▪ Encounter", "Observation")
	s.Press("f").Type("encounter 2022").Press("enter").Expect("only encounter 2022", "2022").Refuse("Observation", "2026")
	s.Press("f").Press("ctrl+u").Type("nonsense").Press("enter").Expect("Write a year").Press("esc").Expect("Observation")
	s.Press("f").Type("source:elsewhere").Press("enter").Expect("Nothing fits").Press("esc").Expect("Encounter")
	for range 6 {
		s.Press("pgdown")
	}
	s.Press("end").Expect("records").Press("home").Expect("Encounter")
}

func TestARecordShowsHistoryAndDifferences(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("enter").Screen("record").Expect("Condition: Cough", "Version 1 of 1", "source clinic")
	s.Press("r").Expect(`"resourceType": "Condition"`).Press("r")
	s.Press("J").Screen("editor").Press("ctrl+s").Expect("Nothing was changed")
	s.Press("end").Type("x").Press("ctrl+s").Expect("Not taken").Screen("editor").Press("delete")
	s.Type(`"recorder": {"display": "Dr. Eins"},`).Press("ctrl+s").Screen("record").Expect("Saved as version 2", "Dr. Eins", "Version 2 of 2")
	s.Press("v").Screen("history").Expect("2 versions").Press("enter").Screen("comparison").Expect(`+   "recorder"`, "Version 2 against version 1")
	s.Press("esc").Screen("history").Press("down", "enter").Expect("The first version has none").Press("r").Screen("record").Expect("Version 1 of 2").Refuse("Dr. Eins")
	s.Press("e").Expect("An earlier version cannot be changed")
}

func TestDeletingAsksAgain(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("enter").Screen("record")
	s.Press("d").Expect("d again deletes").Press("down").Press("d").Expect("d again deletes").Press("d")
	s.Screen("chart summary").Expect("Deleted. Its history stays.", "PROBLEMS (1 active)").Refuse("Cough")
}

func TestAddedVitalsAreAPanelWithDigitsAsTyped(t *testing.T) {
	o := sample(t)
	s := sit(t, o).Unlock(passphrase).Press("a").Screen("add").Press("1").Screen("form").Expect("Systolic", "2026-06-30")
	s.Press("enter").Type("128").Press("enter").Type("82.0").Press("enter", "enter", "enter").Type("36,8").Press("ctrl+s").Expect("Temperature is not a number")
	s.Press("ctrl+u").Type("36.80").Press("ctrl+s").Screen("chart summary").Expect("Saved as 2 records", "128/82.0 mmHg", "36.80 Cel")
	for r, err := range o.open.Find(t.Context(), vault.Query{Code: "85354-9"}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.Source != "clinic" || r.Patient.IsZero() || !bytes.Contains(r.Resource.JSON, []byte(`"value":82.0`)) {
			t.Errorf("%s %s: %s", r.Source, r.Patient, r.Resource.JSON)
		}
		return
	}
	t.Error("no panel was added")
}

func TestEveryFormSaves(t *testing.T) {
	o := sample(t)
	s := sit(t, o).Unlock(passphrase)
	for i, want := range []string{"", "Observation", "Condition", "MedicationStatement", "AllergyIntolerance", "Immunization", "DocumentReference"} {
		if want == "" {
			continue
		}
		s.Press("a").Press(string(rune('1' + i))).Screen("form").Press("ctrl+s").Screen("form") // something is needed
		s.Type("Zebrafish")
		if want == "Observation" {
			s.Press("down", "down").Type("positive")
		}
		if want == "DocumentReference" {
			s.Press("down", "down").Type("It is <b>well</b>")
		}
		s.Press("ctrl+s").Screen("chart summary").Expect("Saved.")
		n := 0
		for r, err := range o.open.Find(t.Context(), vault.Query{Type: want, Text: "zebrafish"}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; r.Patient.IsZero() {
				t.Errorf("%s is about nobody: %s", want, r.Resource.JSON)
			}
		}
		if n != 1 {
			t.Errorf("%d of %s", n, want)
		}
	}
	s.Expect("Zebrafish")
	s.Press("esc").Screen("patients").Press("a").Screen("form").Type("Neu").Press("enter").Type("Ida Maria").Press("enter").Type("gestern").Press("ctrl+s").
		Expect("Born is not a date").Press("ctrl+u").Type("2001-02-03").Press("down", "right", "ctrl+s")
	s.Screen("patients").Expect("2 patients", "Neu, Ida Maria", "03-Feb-2001", "female")
}

func TestLockingDropsEverything(t *testing.T) {
	for name, lock := range map[string]func(*testing.T) tui.Result{
		"by key":        func(t *testing.T) tui.Result { return locked(t, "ctrl+l", tui.Locked) },
		"by suspending": func(t *testing.T) tui.Result { return locked(t, "ctrl+z", tui.Suspended) },
		"by leaving":    func(t *testing.T) tui.Result { return locked(t, "ctrl+c", tui.Quit) },
	} {
		t.Run(name, func(t *testing.T) { lock(t) })
	}
	o := sample(t)
	s := sit(t, o).Unlock(passphrase)
	s.Send(tui.Leave(tui.Quit))
	s.Ended(tui.Quit)
	if !o.open.closed {
		t.Error("a signal left the vault open")
	}
}

func locked(t *testing.T, key string, want tui.Result) tui.Result {
	o := sample(t)
	s := sit(t, o).Unlock(passphrase).Press("3", "t").Screen("trend").Press(key).Ended(want)
	if !o.open.closed {
		t.Error("the vault is still open")
	}
	s.Refuse("Sample", "HbA1c", "7.10").Expect("Closing the vault.")
	return want
}

func TestIdlingLocksAndKeysKeepItOpen(t *testing.T) {
	o := sample(t)
	s := sitWith(t, o, tui.Settings{Idle: 5})
	s.Away(time.Hour).Unlock(passphrase).Away(4 * time.Minute).Press("2").Away(4 * time.Minute).Screen("chart timeline")
	s.Away(time.Minute).Ended(tui.Locked)
	s = sitWith(t, o, tui.Settings{})
	s.Unlock(passphrase).Away(24 * time.Hour).Screen("chart summary")
}

func TestTheFirstRunMakesAVault(t *testing.T) {
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	s := sit(t, o).Screen("create").Expect("There is no recovery", "Nobody can reset it").Golden("create-80x24")
	s.Type("short").Expect("weak").Press("enter").Type("other").Press("enter").Expect("not the same")
	s.Type("short").Press("enter").Expect("easy to guess")
	s.Press("up").Press("ctrl+u").Press("ctrl+g").Expect("six words that were generated here")
	s.Type(passphrase).Expect("good").Press("enter").Press("ctrl+u").Type(passphrase).Press("enter").Screen("patients").Expect("The vault is made").Refuse("six words")
	s.Press("ctrl+l").Ended(tui.Locked)
	sit(t, o).Screen("unlock").Type("wrong").Press("enter").Screen("unlock").Expect("! ").Type(passphrase).Press("enter").Screen("patients")
}

func TestImportIsReviewedBeforeItHappens(t *testing.T) {
	o := sample(t)
	file := filepath.Join(t.TempDir(), "in.ndjson")
	more := `{"resourceType":"Patient","id":"p2","name":[{"family":"Neu"}]}` + "\n" + `{"resourceType":"Patient","id":"p3","id":"p3"}` + "\n"
	if err := os.WriteFile(file, []byte(clinic+more), 0o600); err != nil {
		t.Fatal(err)
	}
	s := sit(t, o).Unlock(passphrase).Press("I").Screen("import").Type(file+"x").Press("enter", "enter").Expect("! ").Screen("import")
	s.Press("up").Press("backspace").Press("enter").Press("ctrl+u").Type("clinic").Press("enter").Expect("Nothing is changed yet", "1 new", "8 same", "1 refused", "line 10")
	if n, _ := o.open.Counts(t.Context()); n.Patients != 1 {
		t.Fatal("the review imported", n.Patients)
	}
	s.Press("enter").Expect("Done.", "1 new").Press("enter").Screen("patients").Expect("2 patients", "Neu")
}

func TestExportAsksForThePassphraseAgain(t *testing.T) {
	o := sample(t)
	out := filepath.Join(t.TempDir(), "out.ndjson")
	s := sit(t, o).Unlock(passphrase).Press("E").Screen("export").Press("enter", "enter").Type(out).Press("enter").Type("wrong").Press("enter").Screen("export").Expect("! ")
	if _, err := os.Stat(out); err == nil {
		t.Fatal("it was written without the passphrase")
	}
	s.Type(passphrase).Press("enter").Screen("chart summary").Expect("8 records written, not encrypted")
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(clinic) {
		if !bytes.Contains(b, []byte(strings.TrimSpace(line))) {
			t.Errorf("not byte for byte: %s", line)
		}
	}
}

func TestDocumentsAreReadAndSaved(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("6").Screen("chart documents").Expect("Letter").Press("enter").Screen("record").Expect("Dear colleague", "next line")
	s.Press("o").Screen("attachments").Expect("letter.txt", "text/plain", "25").Press("enter").Expect("Dear colleague,", "next line").Press("esc")
	file := filepath.Join(t.TempDir(), "letter.txt")
	s.Press("s").Type(file).Press("enter").Expect("Saved, not encrypted")
	if b, err := os.ReadFile(file); err != nil || string(b) != "Dear colleague,\nnext line" {
		t.Errorf("%q %v", b, err)
	}
}

func TestAuditSettingsAndHelp(t *testing.T) {
	o := sample(t)
	var kept tui.Settings
	s := sitSaving(t, o, &kept).Unlock(passphrase).Press("2", "enter", "A").Screen("audit").Expect("read", "unlock", "import", "8 new", "Sample")
	s.Press("esc", "esc").Press("S").Screen("settings").Press("right", "enter", "right", "enter").Expect("The settings are kept").Screen("chart timeline")
	if kept.Idle != 10 || kept.Theme != "plain" {
		t.Errorf("%+v", kept)
	}
	s.Press("?").Screen("help").Expect("Keys on this screen", "filter by type, year, source", "In every list").Press("esc").Screen("chart timeline")
	s.Press("3", "?").Expect("earlier days").Press("x").Screen("chart labs")
}

func TestAnythingCanBeAddedAsJSON(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("a", "8").Screen("editor").Expect(`"resourceType": ""`, "Patient/p1")
	s.Press("ctrl+s").Expect("!").Screen("editor")
	s.Press("up", "up", "down", "end", "left", "left").Type("Flag").Press("ctrl+s").Screen("chart summary").Expect("Saved")
	s.Press("7").Expect("Flag")
	s.Press("a", "8").Type("x").Press("esc").Screen("editor").Expect("Esc again drops them").Press("esc").Screen("chart all")
}

func TestATerminalThatIsTooSmallSaysSo(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase)
	for _, size := range [][2]int{{79, 24}, {80, 23}, {40, 10}} {
		s.Resize(size[0], size[1]).Expect("This terminal has").Refuse("Sample")
	}
	s.Resize(10, 2).Resize(1, 1).Resize(80, 24).Expect("Sample")
	for _, size := range [][2]int{{81, 25}, {160, 48}, {300, 100}} {
		s.Resize(size[0], size[1]).Expect("Sample").Press("3", "t").Expect("7.10").Press("esc", "1")
	}
}

func TestAPasteOfAMegabyteIsRefusedPolitely(t *testing.T) {
	mega := strings.Repeat("x", 1<<20)
	s := sit(t, sample(t)).Paste(mega).Expect("too long").Unlock(passphrase)
	s.Press("/").Paste(mega).Expect("too long").Type("gout").Expect("Gout").Press("esc")
	s.Press("a", "7").Paste(mega).Expect("too long").Press("esc")
	s.Press("a", "8").Paste(mega).Expect("half a megabyte").Press("esc")
	s.Press("2", "f").Paste(mega).Expect("too long").Press("esc", "3", "f").Paste(mega).Expect("too long").Press("esc")
	s.Press("I").Paste(mega).Expect("too long").Press("esc").Press("E", "down", "down").Paste(mega).Expect("too long")
}

func TestTheMouseSelectsAndScrolls(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase).Click(5, 4).Click(5, 4).Screen("chart summary").Expect("Hoshikawa")
	s.Click(14, 1).Screen("chart timeline").Wheel().Expect("› ")
	// In the summary: the second problem, and again to read it; the first medication.
	s.Click(5, 1).Screen("chart summary").Click(5, 9).Expect("› Essential hypertension").Click(5, 9).Screen("record").Expect("Condition: Essential hypertension").Press("esc")
	s.Click(50, 8).Expect("▸ MEDICATIONS", "› acetaminophen").Click(50, 8).Screen("record").Expect("Medication request: acetaminophen").Press("esc")
	// In a form: another field.
	s.Press("a", "2").Screen("form").Click(5, 5).Expect("› Value").Click(5, 3).Expect("› What")
}

func TestJSONKeepsItsDigits(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("right", "down", "enter").Screen("record").Press("r").Resize(80, 50).Expect(`"value": 7.10`)
	s.Press("r").Expect("7.10 %")
}

// annual is a bundle whose records name each other by URN, as an EHR's export does.
const annual = `{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-111111111111","resource":{"resourceType":"Patient","id":"p1","name":[{"family":"Sample","given":["Ada"]}]}},
{"fullUrl":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-222222222222","resource":{"resourceType":"Encounter","id":"e1","status":"finished","class":{"code":"AMB"},"type":[{"text":"Annual check"}],"subject":{"reference":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-111111111111"}}},
{"fullUrl":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-333333333333","resource":{"resourceType":"Condition","id":"c1","code":{"text":"Gout"},"subject":{"reference":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-111111111111"},"encounter":{"reference":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-222222222222"},"recorder":{"reference":"urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-444444444444"},"onsetDateTime":"2021-02-03","recordedDate":"2021-02-04T09:30:00-05:00"}}]}`

func TestARecordIsReadWithDatesAndNames(t *testing.T) {
	s := sit(t, filled(t, func(w io.Writer) { io.WriteString(w, annual) })).Unlock(passphrase).Press("enter").Screen("record")
	s.Expect("Sample, Ada", "Annual check", "03-Feb-2021", "04-Feb-2021 09:30 -05:00").Refuse("111111111111", "222222222222", "2021-02")
	s.Expect("urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-444444444444") // nobody knows who that is
	s.Press("r").Resize(120, 60).Expect(`"reference": "urn:uuid:0b0bf8e6-5d1b-4c0c-9d7f-222222222222"`, `"2021-02-04T09:30:00-05:00"`)
	// Looking up names is no reading of what has them.
	s.Press("A").Screen("audit").Refuse("Annual check")
}

func TestAnImportIsOneLineOfTheTrail(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("A").Screen("audit").Expect("8 new")
	if n := strings.Count(s.Text(), "import "); n != 1 {
		t.Errorf("%d lines:\n%s", n, s.Text())
	}
}

// The order of the list is said, and stays when somebody is changed or comes.
func TestTheListOfPatientsSaysItsOrder(t *testing.T) {
	s := sit(t, practice(t, 4)).Unlock(passphrase).Screen("patients").Expect("4 patients · by name")
	first := func() string { return strings.Split(s.Text(), "\n")[3][2:10] }
	by := first()
	s.Press("down", "down")
	third := strings.TrimSpace(line(s.Text(), "› "))
	s.Press("enter").Screen("chart summary").Press("esc").Screen("patients").Expect("4 patients · those opened last first, the others by name")
	if now := first(); now == by || !strings.Contains(third, now) {
		t.Fatalf("%q is first, not %q", now, third)
	}
	s.Press("a").Screen("form").Type("Aaron").Press("enter").Type("Ida").Press("enter").Press("ctrl+s").Leave("patients").Expect("5 patients")
	if now := first(); !strings.Contains(third, now) {
		t.Errorf("%q is first after somebody came, not %q", now, third)
	}
}
