package tui_test

import (
	"strings"
	"testing"

	"phivault/tui"
)

const segments = "device B signed two histories: two different ones of its segment 7 were seen here"

// forkedWorld is one in which device B, laptop, has two histories, on the word of by.
func forkedWorld(by ...string) *world {
	w := clinicWorld()
	w.st.Devices[2].Removed = false
	w.st.Forks = []tui.Fork{{Device: "B", By: by, Words: segments}}
	w.rounds = []tui.Round{{Remote: "main", Trouble: tui.TroubleFork, Words: segments}}
	return w
}

func TestAProvedForkIsToldAndEndedByKeys(t *testing.T) {
	w := forkedWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Expect("two histories: Y").Press("Y").
		Expect("! Device B, laptop, has two histories. That is proved. Press x.", "x two histories").Refuse("cannot be trusted")
	s.Press("x").Screen("two histories").Expect("are two rows that differ", "This is proved", "Remove device B, laptop, and set both of its", "segment 7",
		"It cannot be undone", "remotes (main,", "no: set aside").Golden("fork-proved-80x24")
	s.Press("enter").Type("wrong").Press("enter").Screen("two histories")
	if w.ended != "" {
		t.Fatal("ended with a wrong passphrase")
	}
	for len(w.wake) > 0 {
		<-w.wake
	}
	s.Press("up", "right").Expect("yes: what this device has").Press("enter").Type(passphrase).Press("enter").Screen("sync").Expect("Ended: device B is removed").Refuse("two histories")
	if w.ended != "bb02 true" {
		t.Errorf("%q", w.ended)
	}
	select {
	case <-w.wake:
	default:
		t.Error("nothing was woken: the others do not learn of it")
	}
}

func TestAForkThatIsOnlyToldBlamesNobody(t *testing.T) {
	w := forkedWorld("C")
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D").Expect("Device C, old phone, says that device B, laptop, has two histories.", "is not proved. Press x.").Press("x").
		Screen("two histories").Expect("This is only told", "Compare codes with B", "‹ nobody yet ›").Refuse("Remove device").Golden("fork-told-80x24")
	s.Press("down", "down").Type(passphrase).Press("enter").Screen("two histories").Expect("Remove is one of device B, laptop, device C, old phone.")
	s.Press("right").Expect("Remove device B, laptop, and set both").Press("right").Expect("Remove device C, old phone, and set aside what it wrote since it spoke", "B goes on as if nothing had been").
		Press("enter", "enter", "enter").Screen("devices").Expect("Ended: device C is removed")
	if w.ended != "cc03 false" {
		t.Errorf("%q", w.ended)
	}
}

// Letters follow seniority: what arrives while somebody reads can give one to another
// device, which must not be removed instead.
func TestAForkIsNotEndedForWhoGotTheLetterMeanwhile(t *testing.T) {
	w := forkedWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "x").Screen("two histories").Expect("Remove device B, laptop")
	d := w.st.Devices
	d[1].Letter, d[2].Letter = "C", "B"
	w.st.Forks[0].Device = "C"
	s.Send(tui.Heard{{Remote: "main"}}).Press("enter").Type(passphrase).Press("enter").Screen("two histories").Expect("Nobody was removed")
	if w.ended != "" {
		t.Errorf("%q was removed", w.ended)
	}
	s.Press("esc").Press("x").Expect("Remove device C, laptop").Press("enter").Type(passphrase).Press("enter").Expect("device C is removed")
	if w.ended != "bb02 false" {
		t.Errorf("%q", w.ended)
	}
}

func TestWhoCannotEndAForkIsToldWhy(t *testing.T) {
	w := forkedWorld("C")
	w.st.Devices[0].Owner = false
	inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "x").Screen("two histories").Expect("Only an owner").Refuse("Passphrase").Type(passphrase).Press("enter", "esc").Screen("sync")
	w = forkedWorld()
	w.st.Forks[0].Device = "A"
	inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "x").Expect("device A, this one", "another owner ends it there").Refuse("Passphrase")
	w = forkedWorld("A") // its own word: it can remove the other alone
	inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "x", "right").Expect("Remove device B").Press("right").Expect("Remove device B")
}

// With the longest names nothing of what is to be read is cut.
func TestTwoHistoriesFitTheSmallestTerminal(t *testing.T) {
	for _, f := range []tui.Fork{{Device: "B"}, {Device: "B", By: []string{"C"}}, {Device: "B", Copy: "C"}} {
		w := forkedWorld()
		f.Words = segments
		w.st.Forks = []tui.Fork{f}
		for i := range w.st.Devices {
			w.st.Devices[i].Name = strings.Repeat("long name ", 6)
		}
		s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "x").Screen("two histories")
		if len(f.By) > 0 {
			s.Expect("same history").Press("right")
		}
		s.Expect("until you change them there.", "Passphrase again")
	}
}

func TestCopiesThatTookKeysAreNobodysFault(t *testing.T) {
	w := forkedWorld()
	w.st.Forks[0].Copy = "C"
	inWorld(t, sample(t), w).Unlock(passphrase).Press("Y").Expect("was copied, and both copies took fresh keys").Press("x").
		Expect("a backup restored twice", "nobody’s fault", "B and both copies are out", "phivault export")
}
