package tui_test

import (
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"phivault/tui"
)

const twelve = "abandon ability able about above absent absorb abstract absurd abuse access acid"

// invited is a world with an invitation to give.
func invitedWorld() *world {
	w := clinicWorld()
	w.card = tui.Card{Text: "phivault1." + strings.Repeat("aB3_", 19), Words: twelve, Meet: "folder:/media/stick/vault", Alone: true, Valid: 10 * time.Minute}
	return w
}

func TestDevicesAreListedWithTheirStanding(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D").Screen("devices").Expect("this device", "owner", "laptop", "member", "26 h ago", "old phone", "removed")
	s.Press("d").Expect("take it out on another one").Press("down", "down", "d").Expect("was taken out already")
	w.st.Devices[0].Owner = false
	s.Press("esc", "D", "i").Expect("Only an owner").Screen("devices").Press("down", "d").Expect("Only an owner")
	w.st.Devices[0].Owner, w.st.Remotes = true, nil
	s.Press("esc", "D", "i").Expect("there is none yet").Screen("devices")
}

func TestADeviceIsNamed(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "down", "n").Screen("name device").Press("ctrl+u", "enter").Type(passphrase).Press("enter").Expect("Name is needed")
	s.Type("kitchen").Press("enter", "ctrl+u").Type("wrong").Press("enter").Screen("name device").Type(passphrase).Press("enter").
		Screen("devices").Expect("Device B is now called kitchen", "kitchen")
	select {
	case <-w.wake:
	default:
		t.Error("nothing was woken")
	}
	w.st.Devices[0].Owner = false
	s.Press("esc", "D", "n").Screen("name device").Press("esc").Press("down", "n").Expect("Only an owner").Screen("devices")
}

func TestTakingADeviceOutSaysWhatItMeansAndAsksAgain(t *testing.T) {
	w := clinicWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "down", "d").Screen("remove device").
		Expect("laptop", "it keeps: nobody can take that back", "main, clinic")
	s.Type("wrong").Press("enter").Screen("remove device")
	if w.st.Devices[1].Removed {
		t.Fatal("removed with a wrong passphrase")
	}
	s.Type(passphrase).Press("enter").Screen("devices").Expect("Taken out.", "removed")
	if !w.st.Devices[1].Removed {
		t.Error("not removed")
	}
}

func TestAnInvitationIsShownAsWordsCodeAndText(t *testing.T) {
	w := invitedWorld()
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "i").Screen("invite").Expect("ALL records")
	s.Type("wrong").Press("enter").Screen("invite").Type(passphrase).Press("enter").Screen("invitation")
	s.Expect("1 abandon", "12 acid", "folder:/media/stick/vault", "Waiting for the new device")
	s.Press("t").Expect(w.card.Text[:80]).Press("r").Expect("█▀▀▀▀▀█", "For the new device's camera").Refuse("abandon")
	w.card.Text += strings.Repeat("x", 300)
	s.Press("esc").Screen("devices").Expect("taken back")
	if w.closed != 1 || w.meet != "main" || w.owner {
		t.Errorf("%d %q %v", w.closed, w.meet, w.owner)
	}
	s.Press("i").Press("up", "up", "right", "down", "right", "down").Type(passphrase).Press("enter", "r").Expect("needs a window of 80 columns and")
	if w.meet != "clinic" || !w.owner {
		t.Errorf("%q %v", w.meet, w.owner)
	}
	s.Resize(120, 60).Expect("█▀▀▀▀▀█").Press("esc")
	w.card.Alone = false
	s.Press("i").Type(passphrase).Press("enter").Screen("invitation").Expect("needs a credential").Refuse("abandon").Press("esc")
	w.card.Text = strings.Repeat("x", 5000)
	s.Press("i").Type(passphrase).Press("enter", "r").Expect("too long for a QR code").Press("ctrl+l").Ended(tui.Locked)
	if w.closed != 4 {
		t.Error(w.closed)
	}
}

func TestADeviceIsLetInByItsWordsAlone(t *testing.T) {
	w := invitedWorld()
	w.comes = &tui.Candidate{ID: "dd04aabb", Name: "tablet"}
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "i").Type(passphrase).Press("enter").Screen("admit").Expect("“tablet” asks to join", "ALL records", "dd04aabb")
	s.Press("enter").Screen("admit").Expect("Its words is needed").Type("apple banana").Press("enter").Screen("admit").Expect("Those are not its words", "Nobody was let in yet. Type the words again")
	s.Paste(strings.Repeat("long", 250_000)).Expect("too long").Type(eightWords).Press("enter").Screen("devices").Expect("Let in: tablet").Refuse("Another device has")
	if len(w.typed) != 2 || w.closed != 1 {
		t.Errorf("%q %d", w.typed, w.closed)
	}
	s.Press("i").Type(passphrase).Press("enter").Screen("admit").Press("esc").Screen("devices").Expect("Nobody was let in")
	w.comes = &tui.Candidate{ID: "ee04aabb", Name: "laptop"}
	s.Press("i").Type(passphrase).Press("enter").Screen("admit").Type(eightWords).Press("enter").Screen("devices").Expect("Let in: laptop.", "Another device has that name")
	w.refuses = errors.New("the remote refuses")
	s.Press("i").Type(passphrase).Press("enter").Type(eightWords).Press("enter").Screen("devices").Expect("the remote refuses")
	if w.closed != 4 {
		t.Error(w.closed)
	}
}

func TestTheFirstRunJoinsAVault(t *testing.T) {
	w := &world{}
	o := &opener{dir: filepath.Join(t.TempDir(), "vault")}
	s := inWorld(t, o, w).Screen("create").Expect("Ctrl-N join").Press("ctrl+n").Screen("join")
	w.err = errors.New("not an invitation, or mistyped")
	s.Type("nonsense").Press("enter", "enter").Screen("join").Expect("mistyped").Refuse("nonsense")
	s.Press("up", "ctrl+u").Paste("phivault1.abc\ndef\n").Refuse("abc").Press("enter").Type("folder:/media/x").Press("enter").Screen("join passphrase")
	if w.pasted != "phivault1.abc def" || w.address != "folder:/media/x" {
		t.Errorf("%q %q", w.pasted, w.address)
	}
	s.Expect("no recovery").Paste(strings.Repeat("long", 250_000)).Expect("too long").Type(passphrase).Press("enter").Type("other").Press("enter").Expect("not the same")
	w.joins = context.Canceled // nobody answers yet
	s.Type(passphrase).Press("enter").Screen("joining").Expect("1 apple", "8 hotel", "Waiting to be let in").Golden("joining-80x24").Press("esc").Screen("create")
	if w.closed != 1 {
		t.Error(w.closed)
	}
	w.joins = errors.New("nobody came in time")
	join := func() {
		s.Press("ctrl+n").Type("x").Press("enter", "enter").Type(passphrase).Press("enter").Type(passphrase).Press("enter")
	}
	join()
	s.Screen("create").Expect("nobody came in time")
	w.joins = nil
	join()
	s.Screen("patients").Expect("has the vault now")
}

func TestTakingADeviceOutTellsOfCopies(t *testing.T) {
	w := invitedWorld()
	w.st.Devices = append(w.st.Devices, tui.Device{ID: "dd04", Letter: "D", Name: "attic", Of: "B"}, tui.Device{ID: "ee05", Letter: "E", Name: "old attic", Of: "B", Removed: true})
	s := inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "down", "d").Screen("remove device")
	s.Expect("Device D was a copy of it, and stays.").Refuse("Device E")
	s.Type(passphrase).Press("enter").Screen("devices").Expect("Taken out. Look at device D as well")
	s.Press("down", "down", "d").Screen("remove device").Refuse("was a copy") // B is out already
	w = invitedWorld()
	w.st.Devices = append(w.st.Devices, tui.Device{ID: "dd04", Letter: "D", Name: "attic", Of: "B"})
	s = inWorld(t, sample(t), w).Unlock(passphrase).Press("D", "end", "d").Screen("remove device")
	s.Expect("It was a copy of device B", "take out B as well")
}

func TestDevicesLookAsTheyDid(t *testing.T) {
	for name, size := range map[string][2]int{"80x24": {80, 24}, "120x40": {120, 40}, "160x48": {160, 48}} {
		w := invitedWorld()
		s := inWorld(t, sample(t), w).Resize(size[0], size[1]).Unlock(passphrase).Press("D").Golden("devices-" + name)
		s.Press("down", "d").Golden("device-remove-"+name).Press("esc", "i").Golden("invite-" + name)
		s.Type(passphrase).Press("enter").Golden("invitation-" + name).Press("r").Golden("invitation-qr-" + name).Press("t").Golden("invitation-text-" + name).Press("esc")
		w.comes = &tui.Candidate{ID: "dd04aabb11223344", Name: "tablet"}
		s.Press("i").Type(passphrase).Press("enter").Golden("admit-" + name)
	}
	s := inWorld(t, &opener{dir: filepath.Join(t.TempDir(), "vault")}, &world{}).Golden("first-run-80x24").Press("ctrl+n").Golden("join-80x24")
	s.Type("x").Press("enter", "enter").Golden("join-passphrase-80x24")
}

func TestHostileDevicesNeitherCommandNorClimb(t *testing.T) {
	for _, text := range hostile {
		w := invitedWorld()
		w.card.Text, w.card.Words, w.card.Meet = text, text, text
		for i := range w.st.Devices {
			w.st.Devices[i].Name = text
		}
		s := inWorld(t, sample(t), w).Unlock(passphrase)
		for _, size := range [][2]int{{80, 24}, {117, 31}} {
			w.comes = nil
			s.Resize(size[0], size[1]).Press("D", "down", "d", "esc", "i").Type(passphrase).Press("enter", "r", "t", "w", "esc")
			w.comes = &tui.Candidate{ID: text, Name: text}
			s.Press("i").Type(passphrase).Press("enter").Screen("admit").Type(eightWords).Press("enter").Screen("devices").Press("esc")
		}
	}
}

// Where a device is named it is by its letter, as on the Devices screen, and by no other's
// whose id begins as its own does. Seen to fail with ids compared by their first 8 letters.
func TestWhoWroteIsNamedByItsLetter(t *testing.T) {
	o, w := sample(t), clinicWorld()
	r, _, err := talk(t, sharingOpener{o, w}, passphrase, "9", "0", "quit")
	id := regexp.MustCompile(`unlock, device ([0-9a-f]{32})`).FindStringSubmatch(r.heard.String())
	if err != nil || id == nil {
		t.Fatal(err, r.heard.String())
	}
	whole, half := id[1], id[1][:8]
	s := inWorld(t, o, w).Unlock(passphrase).Press("7", "enter").Screen("record").Expect("by device " + half).Refuse(whole[:9])
	w.st.Devices[0].ID, w.st.Devices[0].Name = half+strings.Repeat("0", 24), "desk"
	s.Send(tui.Heard{}).Expect("by device " + half).Refuse("desk").Press("v").Screen("history").Expect(half).Refuse("desk").Press("esc")
	w.st.Devices[0].ID = whole
	s.Send(tui.Heard{}).Expect("by device A desk").Refuse(half).Press("v").Screen("history").Expect("A desk").Refuse(half)
	s.Leave("chart").Resize(120, 40).Press("A").Screen("audit").Expect("A desk").Refuse(half)
}
