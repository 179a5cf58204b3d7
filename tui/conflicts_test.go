package tui_test

import (
	"io"
	"strings"
	"testing"

	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/fhir"
)

// toWarfarin moves to the conflict about it.
func toWarfarin(s *tuitest.Session) {
	for !strings.Contains(line(s.Text(), "› "), "Warfarin") {
		s.Press("down")
	}
}

// decidedElsewhere ends that conflict behind the interface's back, and gives the record
// as it was.
func decidedElsewhere(t testing.TB, o *opener) vault.Record {
	t.Helper()
	r, err := o.open.Get(t.Context(), idOf("MedicationRequest", "m1"))
	if err != nil {
		t.Fatal(err)
	}
	heads, err := o.open.Heads(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.open.Settle(t.Context(), r, &heads[0].Resource); err != nil {
		t.Fatal(err)
	}
	return r
}

// torn is the clinic's vault after two devices changed two of its records apart,
// and one of them deleted what the other changed.
func torn(t testing.TB) *opener {
	t.Helper()
	w := newTwins(t, filled(t, func(f io.Writer) {
		io.WriteString(f, clinic)
		io.WriteString(f, `{"resourceType":"MedicationRequest","id":"m1","status":"active","intent":"order","medicationCodeableConcept":{"text":"Warfarin"},"subject":{"reference":"Patient/p1"},"authoredOn":"2024-01-02","dosageInstruction":[{"text":"5 mg daily"}],"note":[{"text":"INR weekly"}]}`+"\n")
	}))
	med := func(status, dose, note string) string {
		return `{"resourceType":"MedicationRequest","id":"m1","status":"` + status + `","intent":"order","medicationCodeableConcept":{"text":"Warfarin"},"subject":{"reference":"Patient/p1"},"authoredOn":"2024-01-02","dosageInstruction":[{"text":"` + dose + `"}],"note":[{"text":"` + note + `"}]}`
	}
	w.edit(w.a, idOf("MedicationRequest", "m1"), med("active", "2.50 mg daily", "INR weekly, last 2.8"))
	w.edit(w.b, idOf("MedicationRequest", "m1"), med("on-hold", "5 mg daily", "INR weekly; bleeding reported on 03 June, stopped until seen by the clinic"))
	old, err := w.a.Get(t.Context(), idOf("Condition", "c1"))
	w.must(err)
	w.must(w.a.Delete(t.Context(), old))
	w.edit(w.b, idOf("Condition", "c1"), `{"resourceType":"Condition","id":"c1","code":{"text":"Gout"},"clinicalStatus":{"coding":[{"code":"resolved"}]},"subject":{"reference":"Patient/p1"},"onsetDateTime":"2019","abatementDateTime":"2024-02-03"}`)
	return w.meet()
}

func TestConflictsAreAnnouncedAndNeverInTheWay(t *testing.T) {
	w := clinicWorld()
	w.st.Conflicts = 2
	s := inWorld(t, torn(t), w).Unlock(passphrase).Screen("chart summary").Expect("2 records here are in conflict", "C decides", "2 conflicts")
	s.Press("4").Expect("! in conflict: Warfarin", "2 records here").Press("enter").Screen("record").Expect("in conflict", "c decide the conflict").
		Press("c").Screen("conflict").Expect("Warfarin", "Sample, Ada").Press("esc").Screen("record").Press("esc")
	s.Press("C").Screen("conflicts").Expect("Ada Sample", "Medication request", "Warfarin", "Condition", "Gout")
}

func TestAConflictIsDecidedFieldByFieldAndNothingIsChosenForAnyone(t *testing.T) {
	o := torn(t)
	s := inWorld(t, o, clinicWorld()).Unlock(passphrase).Press("C").Screen("conflicts")
	if !strings.Contains(s.Text(), "› Ada Sample") {
		t.Fatal(s.Text())
	}
	toWarfarin(s)
	s.Press("enter").Screen("conflict").Expect("Warfarin", "2.50 mg daily", "5 mg daily", "on-hold", "3 fields differ", "The same in all versions", "device B laptop", "made 30-Jun-2026").
		Refuse("dosageInstruction", "●", "sent 30-Jun")
	s.Press("enter").Screen("conflict").Expect("3 fields not decided yet")
	left := strings.Index(line(s.Text(), "Dosage"), "2.50") < strings.Index(line(s.Text(), "Dosage"), "5 mg daily")
	mine, theirs := "left", "right"
	if !left {
		mine, theirs = "right", "left"
	}
	// The fields stand in the record's order: its status, the drug with its dose, the note.
	s.Press(theirs).Expect("2 to decide").Press(mine).Expect("1 to decide").Press(mine).Expect("all decided")
	s.Press("enter").Screen("conflict result").Expect("Nothing is saved yet", "on-hold", "2.50 mg daily", "last 2.8").Refuse("bleeding")
	s.Press("esc").Screen("conflict").Press("enter").Press("enter").Screen("conflicts").Expect("Decided.").Refuse("Warfarin")
	r, err := o.open.Get(t.Context(), idOf("MedicationRequest", "m1"))
	if err != nil || r.Conflict || !strings.Contains(string(r.Resource.JSON), `"status":"on-hold"`) || !strings.Contains(string(r.Resource.JSON), "2.50 mg daily") {
		t.Errorf("%v %v %s", err, r.Conflict, r.Resource.JSON)
	}
	heads, err := o.open.Heads(t.Context(), idOf("MedicationRequest", "m1"))
	if err != nil || len(heads) != 1 {
		t.Errorf("%d heads, %v", len(heads), err)
	}
}

func TestAWholeSideIsKeptWithItsBytes(t *testing.T) {
	o := torn(t)
	s := inWorld(t, o, clinicWorld()).Unlock(passphrase).Press("C")
	toWarfarin(s)
	s.Press("enter", "2", "enter").Screen("conflict result")
	held := strings.Contains(s.Text(), "bleeding reported")
	s.Press("enter").Screen("conflicts")
	r, err := o.open.Get(t.Context(), idOf("MedicationRequest", "m1"))
	if err != nil || r.Conflict || strings.Contains(string(r.Resource.JSON), "bleeding") != held {
		t.Errorf("%v %s", err, r.Resource.JSON)
	}
}

func TestTheResultCanBeEditedBeforeItIsKept(t *testing.T) {
	o := torn(t)
	s := inWorld(t, o, clinicWorld()).Unlock(passphrase).Press("C")
	toWarfarin(s)
	s.Press("enter", "1", "enter", "e").Screen("editor").Press("end").Type(`"priority": "urgent",`).Press("ctrl+s")
	s.Screen("conflicts").Refuse("Warfarin")
	heads, err := o.open.Heads(t.Context(), idOf("MedicationRequest", "m1"))
	if err != nil || len(heads) != 1 || !strings.Contains(string(heads[0].Resource.JSON), `"priority": "urgent"`) {
		t.Errorf("%v %v", err, heads)
	}
}

func TestADeletionIsOneOfTheSides(t *testing.T) {
	for _, deletes := range []bool{true, false} {
		o := torn(t)
		s := inWorld(t, o, clinicWorld()).Unlock(passphrase).Press("C")
		for !strings.Contains(line(s.Text(), "› "), "Gout") {
			s.Press("down")
		}
		s.Press("enter").Screen("conflict").Expect("DELETED in version", "resolved", "– not there")
		s.Press("left").Expect("One of them is a deletion").Press("enter").Expect("Choose with 1 or 2")
		one := strings.Index(line(s.Text(), "DELETED"), "DELETED") < strings.Index(line(s.Text(), "DELETED"), "○ 2")
		if one == deletes {
			s.Press("1")
		} else {
			s.Press("2")
		}
		s.Press("enter").Screen("conflict result")
		if deletes {
			s.Expect("The record is deleted").Press("e").Expect("nothing to edit")
		} else {
			s.Expect("resolved", "03-Feb-2024")
		}
		s.Press("enter").Screen("conflicts").Refuse("Gout")
		heads, err := o.open.Heads(t.Context(), idOf("Condition", "c1"))
		if err != nil || len(heads) != 1 || heads[0].Deleted != deletes {
			t.Errorf("%v %v", heads, err)
		}
	}
}

// Nobody overwrites what came while they were thinking.
func TestADecisionAboutWhatMovedOnIsAskedAgain(t *testing.T) {
	o := torn(t)
	s := inWorld(t, o, clinicWorld()).Unlock(passphrase).Press("C")
	toWarfarin(s)
	s.Press("enter", "2", "enter")
	r := decidedElsewhere(t, o)
	s.Press("enter").Screen("conflict").Expect("no conflict any more")
	if h, err := o.open.Heads(t.Context(), r.ID); err != nil || len(h) != 1 || h[0].Version != r.Version+1 {
		t.Errorf("%v %v", h, err)
	}
}

// What differs has a mark of its own, and the cursor stands on it: what belongs to it
// and is the same does not draw the eye.
func TestTheCursorStandsOnWhatDiffers(t *testing.T) {
	w := newTwins(t, filled(t, func(f io.Writer) { io.WriteString(f, clinic) }))
	weight := func(v string) string {
		return `{"resourceType":"Observation","id":"w9","status":"final","code":{"text":"Body weight"},"effectiveDateTime":"2024-01-02","subject":{"reference":"Patient/p1"},"valueQuantity":{"value":` + v + `,"unit":"kg"}}`
	}
	r, err := fhir.Parse([]byte(weight("70.0")), nil)
	w.must(err)
	_, err = w.a.Vault.Add(t.Context(), "clinic", &r)
	w.must(err)
	w.sync(w.a)
	w.sync(w.b)
	w.edit(w.a, idOf("Observation", "w9"), weight("72.0"))
	w.edit(w.b, idOf("Observation", "w9"), weight("99.9"))
	s := inWorld(t, w.meet(), clinicWorld()).Unlock(passphrase).Press("C", "enter").Screen("conflict").Expect("≠ 1 field differs", "Body weight")
	at := line(s.Text(), "› ")
	if !strings.Contains(at, "≠ ○ 72.0 kg") && !strings.Contains(at, "≠ ○ 99.9 kg") || strings.Count(s.Text(), "≠") != 2 || strings.Count(s.Text(), "○") != 4 {
		t.Errorf("%q\n%s", at, s.Text())
	}
	s.Press("left").Expect("all decided")
}

// What another device decides is told where it is compared, before anything is kept.
func TestADecisionOfAnotherDeviceIsToldWhileItIsCompared(t *testing.T) {
	o, world := torn(t), clinicWorld()
	world.st.Conflicts = 2
	s := inWorld(t, o, world).Unlock(passphrase).Press("C")
	toWarfarin(s)
	s.Press("enter")
	world.st.Arrived++ // something else
	s.Send(tui.Heard{{Remote: "main"}}).Screen("conflict").Refuse("while you read")
	s.Press("2", "enter").Screen("conflict result").Expect("Enter keep it")
	r := decidedElsewhere(t, o)
	world.st.Arrived++
	world.st.Conflicts = 1
	s.Send(tui.Heard{{Remote: "main"}}).Screen("conflict").Expect("Another device decided this while you read", "Enter read it as it is now").Refuse("keep it", "Enter keeps it")
	s.Press("enter").Screen("conflict").Expect("no conflict any more").Press("esc").Screen("conflicts").Expect("Gout").Refuse("Warfarin")
	if h, err := o.open.Heads(t.Context(), r.ID); err != nil || len(h) != 1 || h[0].Version != r.Version+1 {
		t.Errorf("%v %v", h, err)
	}
}

// line is the first line that holds text.
func line(screen, text string) string {
	for l := range strings.SplitSeq(screen, "\n") {
		if strings.Contains(l, text) {
			return l
		}
	}
	return ""
}

func TestConflictsLookAsTheyDid(t *testing.T) {
	o := torn(t)
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}, "160x48": {160, 48}} {
		w := clinicWorld()
		w.st.Conflicts = 2
		s := inWorld(t, o, w).Resize(size[0], size[1]).Unlock(passphrase).Golden("chart-conflict-" + name)
		s.Press("C").Golden("conflicts-" + name).Press("enter").Golden("conflict-" + name)
		s.Press("1", "down", "down").Golden("conflict-chosen-" + name).Press("enter").Golden("conflict-result-" + name).Leave("conflicts")
		s.Press("down", "enter").Golden("conflict-deleted-" + name).Press("ctrl+l")
	}
}
