package tui_test

import (
	"testing"
	"time"

	"phivault/tui"
)

// What was written at noon in Greenwich was written at seven for a reader in Lima.
func TestTimesAreTheReadersOwn(t *testing.T) {
	o := sample(t)
	was := time.Local
	time.Local = time.FixedZone("Lima", -5*60*60)
	defer func() { time.Local = was }()
	s := sit(t, o).Unlock(passphrase).Press("A").Expect("30-Jun-2026 07:00").Refuse("12:00").Press("esc")
	if s.Is("patients") {
		s.Press("enter")
	}
	s.Press("7", "enter").Expect("made 30-Jun-2026 07:00").Press("v").Expect("30-Jun-2026 07:00").Refuse("12:00")
	s.Press("ctrl+c").Ended(tui.Quit)
	r, _, err := talk(t, o, passphrase, "2", "hba1c", "1", "2", "0", "quit")
	if err != nil {
		t.Fatal(err)
	}
	r.expect("made 30 June 2026 07:00")
}

// Help that does not fit says that there is more of it, and how to see it.
func TestHelpSaysThatThereIsMore(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase).Press("?").Expect("Space more keys").Refuse("settings")
	s.Press("space").Press("end").Expect("settings", "any other key closes help").Refuse("Space more keys")
}

// What was typed into a new record is not lost by one key.
func TestANewRecordIsNotDroppedByOneKey(t *testing.T) {
	s := sit(t, sample(t)).Unlock(passphrase)
	if s.Is("patients") {
		s.Press("enter")
	}
	if s.Press("a", "7").Screen("form").Press("esc"); s.Is("form") {
		t.Error("an empty form is not left")
	}
	s.Press("a", "7").Type("A long note").Press("esc").Screen("form").Expect("Esc again drops it", "A long note")
	s.Type("!").Press("esc").Screen("form").Expect("A long note!").Press("esc")
	if s.Is("form") {
		t.Error("the second Esc does not leave")
	}
}

// What a join fetched was not there before: nothing of it is new to its reader.
func TestWhatAJoinFetchedIsNotAnnounced(t *testing.T) {
	w := clinicWorld()
	w.st.Arrived = 3
	s := inWorld(t, sample(t), w).Unlock(passphrase).Refuse("3 new")
	w.st.Arrived = 5
	s.Send(tui.Heard{{Remote: "main", Pulled: 2}}).Expect("2 new: Ctrl-R")
}
