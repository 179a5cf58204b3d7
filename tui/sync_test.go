package tui_test

import (
	"errors"
	"strings"
	"testing"

	"phivault/tui"
)

func TestTheBannerSaysQuietlyHowThingsStand(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Resize(120, 40).Unlock(passphrase).Screen("chart summary").Expect("synced 2 h ago")
	if first, _, _ := strings.Cut(s.Text(), "\n"); !strings.HasSuffix(first, "synced 2 h ago") || !strings.Contains(first, "MRN A-17") {
		t.Errorf("%q", first)
	}
	// The patient's number has the room where there is too little.
	s.Resize(80, 24)
	if first, rest, _ := strings.Cut(s.Text(), "\n"); strings.Contains(first, "synced") || !strings.Contains(rest, "synced 2 h ago") {
		t.Error(s.Text())
	}
	for want, change := range map[string]func(){
		"3 waiting to send":        func() { w.st.Pending = 3 },
		"2 conflicts · 3 waiting":  func() { w.st.Conflicts = 2; w.st.Pending = 3 },
		"removed from the vault":   func() { w.st.Out = true },
		"an older copy":            func() { w.st.Restored = true },
		"never synced":             func() { w.st.Remotes = []tui.Remote{{Name: "main"}} },
		"1 conflict · synced 2 h ": func() { w.st.Conflicts = 1 },
	} {
		*w = *clinicWorld()
		change()
		s.Send(tui.Heard{}).Expect(want)
	}
	*w = *clinicWorld()
	down := []tui.Round{{Remote: "main", Trouble: tui.TroubleOffline}, {Remote: "clinic", Trouble: tui.TroubleRefused}}
	s.Send(tui.Heard(down)).Expect("offline")
	w.st.Pending = 2
	s.Send(tui.Heard(down)).Expect("offline, 2 waiting")
	s.Send(tui.Heard{{Remote: "main", Trouble: tui.TroubleForged}}).Expect("main cannot be trusted", "Y says more").
		Press("down").Expect("main cannot be trusted").Refuse("Y says more")
	s.Press("ctrl+l").Ended(tui.Locked).Refuse("main", "trusted")
}

func TestSavingWakesTheBackgroundAndArrivalsWaitForAKey(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("a", "3").Screen("form").Type("Sprain").Press("ctrl+s").Screen("chart summary")
	select {
	case <-w.wake:
	default:
		t.Error("nothing was woken")
	}
	s.Expect("PROBLEMS (3 active)").Send(tui.Heard{{Remote: "main", Pulled: 9}}).Press("down").Refuse("new") // no more than an audit trail
	w.st.Arrived = 2
	s.Send(tui.Heard{{Remote: "main", Pulled: 2}}).Screen("chart summary").Expect("2 new: Ctrl-R")
	s.Press("down").Expect("2 new").Press("ctrl+r").Screen("chart summary").Expect("PROBLEMS (3 active)", "synced").Refuse("2 new")
}

// Attack 40, in the interface. A host watches when its clients ask, to learn when charts
// are read. Expected: searching, opening and scrolling wake no exchange; it keeps to its
// own rhythm. Seen to succeed with changed called for every key.
func TestAttack40ReadingWakesNoExchange(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase)
	for len(w.wake) > 0 {
		<-w.wake
	}
	s.Press("/").Type("pre").Press("down", "up", "esc", "2", "down", "down", "up", "enter", "esc", "3", "down", "4", "1", "esc")
	select {
	case <-w.wake:
		t.Error("reading woke the exchange")
	default:
	}
}

func TestADeviceThatWasRemovedIsNotCalledSynced(t *testing.T) {
	w := clinicWorld()
	w.st.Out, w.st.Pending = true, 0
	s := inWorld(t, sample(t), w).Unlock(passphrase).Expect("removed from the vault")
	s.Send(tui.Heard{{Remote: "main", Trouble: tui.TroubleRemoved, Words: "main: this device was removed"}}).Press("Y").
		Expect("nothing is exchanged any more", "! removed").Refuse("waits to be sent")
}

func TestSyncShowsRemotesDevicesAndTheCode(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y").Screen("sync")
	s.Expect("main", "2 h ago", "clinic", "2 days ago", "laptop", "26 h ago", "yes", "A 12 01234 56789 01234 56789", "folder:/media/stick/vault").Refuse("old phone")
	s.Press("enter").Expect("Synced. 6 entries sent, 12 received.", "just now", "ok")
	w.rounds = []tui.Round{{Remote: "main"}, {Remote: "clinic", Trouble: tui.TroubleGone, Words: "clinic: the remote went back"}}
	s.Press("y").Expect("! went back", "clinic: the remote went back").Press("down").Expect("put back to an older state", "whole on this device")
	w.err = errors.New("the disk is full")
	s.Press("y").Expect("the disk is full").Screen("sync")
	w.err = errors.New("it does not answer")
	s.Press("t").Expect("it does not answer").Press("t").Expect("clinic answers.")
	s.Press("d").Expect("d again forgets clinic").Press("up").Press("d").Expect("d again").Press("down", "d", "d").Expect("clinic is forgotten").
		Refuse("host.example")
	if len(w.st.Remotes) != 1 {
		t.Error(w.st.Remotes)
	}
}

func TestEveryTroubleIsPutInPlainWords(t *testing.T) {
	for tr := tui.TroubleOffline; tr <= tui.TroubleForged; tr++ {
		w := clinicWorld()
		w.st.Remotes = w.st.Remotes[:1]
		w.rounds = []tui.Round{{Remote: "main", Trouble: tr, Words: "the technical words"}}
		s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "enter").Expect("! main: ", "(the technical words)")
		if tr.Cheats() {
			s.Expect("cannot be trusted").Refuse("Nothing waits")
		}
	}
}

func TestARemoteIsAddedWithItsCredentialsHidden(t *testing.T) {
	w := &world{}
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y").Expect("no remote yet").Press("enter").Expect("a adds one")
	s.Press("a").Screen("add remote").Press("enter").Type("nonsense").Press("enter").Expect("no remote's address").Screen("add remote")
	s.Press("ctrl+u").Type("s3://host.example/bucket").Press("enter").Expect("Access key", "Secret key", "Session token", "Pin")
	s.Type("AKIA").Press("enter", "ctrl+s").Expect("Secret key is needed").Type("hunter2").Refuse("hunter2", "AKIA").Press("enter", "enter")
	w.err = errors.New("it refuses")
	s.Press("enter").Expect("it refuses").Screen("add remote").Press("ctrl+s").Screen("sync").Expect("main answers, and is kept.", "main")
	if len(w.added) != 1 || w.given["access-key"] != "AKIA" || w.given["secret-key"] != "hunter2" || w.added[0].Address != "s3://host.example/bucket" {
		t.Errorf("%+v %v", w.added, w.given)
	}
	s.Press("a").Type("stick").Press("enter").Type("https://host.example").Press("enter").Expect("Token").Press("esc").Screen("add remote").Expect("stick", "https://host.example")
	s.Press("ctrl+u").Type("folder:/media/x").Press("enter").Screen("sync").Expect("stick answers")
}

func TestAFolderThatWasMadeIsTold(t *testing.T) {
	w := &world{made: "/media/stick/vault"}
	inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "a", "enter").Type("folder:/media/stick/vault").Press("enter").Screen("sync").
		Expect("main answers, and is kept. The folder was not there: made /media/stick/vault.", "never synced")
}

// After a restart the screen says of each remote what the last sync showed, before there
// was another.
func TestTheStateOfRemotesIsKnownAfterARestart(t *testing.T) {
	w := clinicWorld()
	w.st.Remotes[1].Trouble = tui.TroubleGone
	s := inWorld(t, sample(t), w).Unlock(passphrase).Expect("clinic cannot be trusted").Press("Y").Screen("sync").
		Expect("0         ok", "3         ! went back", "clinic cannot be trusted: nothing is sent there").Refuse("not asked")
	s.Press("down").Expect("put back to an older state", "so it was at the last sync")
	// One that does not answer has shown nothing since.
	s.Send(tui.Heard{{Remote: "clinic", Trouble: tui.TroubleOffline, Words: "clinic: no route"}}).Expect("! went back", "clinic: no route", "clinic cannot be trusted")
	s.Press("y").Refuse("! went back")
}

func TestCodesAreCompared(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("Y", "v").Screen("compare").Expect("A 12 01234 56789 01234 56789")
	w.err = errors.New("two histories")
	s.Type("B 3 01234 56789 01234 56789").Press("enter").Expect("two histories").Screen("compare").Press("enter").Screen("sync").Expect("saw the same history")
	if w.compared != "B 3 01234 56789 01234 56789" {
		t.Errorf("%q", w.compared)
	}
}

func TestSyncLooksAsItDid(t *testing.T) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}, "160x48": {160, 48}} {
		w := clinicWorld()
		w.rounds = []tui.Round{{Remote: "main"}, {Remote: "clinic", Trouble: tui.TroubleGone, Words: "clinic: the remote went back: device aabbccdd, log 0, segment 7"}}
		s := inWorld(t, sample(t), w).Resize(size[0], size[1]).Unlock(passphrase).Press("Y").Golden("sync-" + name)
		s.Press("y", "down").Golden("sync-trouble-" + name)
		s.Press("v").Golden("sync-compare-"+name).Press("esc", "a").Golden("remote-where-" + name)
		s.Press("ctrl+u").Type("clinic2").Press("enter").Type("s3://host.example/bucket").Press("enter").Golden("remote-credentials-" + name)
	}
}

// What other devices and remotes say is text of strangers.
func TestHostileNamesAndErrorsNeitherCommandNorClimb(t *testing.T) {
	for _, text := range hostile {
		w := clinicWorld()
		w.st.Code = "A 1 " + text
		for i := range w.st.Devices {
			w.st.Devices[i].Name = text
		}
		for i := range w.st.Remotes {
			w.st.Remotes[i].Address = "folder:" + text
		}
		w.rounds = []tui.Round{{Remote: "main", Trouble: tui.TroubleForged, Words: text}}
		s := inWorld(t, sample(t), w).Unlock(passphrase)
		for _, size := range [][2]int{{80, 24}, {117, 31}, {20, 3}} {
			s.Resize(size[0], size[1]).Press("Y", "y", "down", "down", "v")
			w.err = errors.New(text)
			s.Press("x", "enter").Leave("chart").Press("Y")
			s.Press("a", "enter").Paste(strings.Repeat("long", 250_000)).Leave("chart")
		}
	}
}
