package local

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store"
)

type storeHead = store.Head

// grown makes a vault, copies its folder, and lets it grow by one session.
func (w *world) grown() (old folder) {
	w.close(w.create())
	old = copyFolder(w.t, w.dir)
	v := w.open()
	addPatient(w.t, v.Vault, 1)
	w.close(v)
	w.notices()
	return old
}

func TestAnOldDatabasePutBackIsNoticed(t *testing.T) {
	for _, keyring := range []bool{false, true} {
		w := newWorld(t)
		if keyring {
			w.withKeyring()
		}
		old := w.grown()
		now := copyFolder(t, w.dir)
		for _, put := range []folder{old, now.change(dbName, old[dbName])} {
			put.put(t, w.dir)
			err := w.fails(pass, vault.ErrIntegrity)
			if !strings.Contains(err.Error(), "older than what this device remembers") {
				t.Error(err)
			}
			w.fails(pass, vault.ErrIntegrity) // and again: looking did not change what is remembered
		}
		now.put(t, w.dir)
		w.close(w.open())
		if got := w.notices(); len(got) != 0 {
			t.Errorf("keyring %v: notices %v", keyring, got)
		}
	}
}

func TestAnOlderDatabaseIsAcceptedWhenAsked(t *testing.T) {
	w := newWorld(t)
	old := w.grown()
	now := copyFolder(t, w.dir)
	old.put(t, w.dir)
	w.o.AcceptOlder = true
	v := w.open()
	wantPatients(t, v, 0)
	w.close(v)
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeOlder}) {
		t.Errorf("notices %v", got)
	}
	w.o.AcceptOlder = false
	w.close(w.open())
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
	accepted := copyFolder(t, w.dir)
	// What was given up is refused in turn, and can be accepted in turn.
	for range 2 {
		now.put(t, w.dir)
		w.fails(pass, ErrOlder)
		w.o.AcceptOlder = true
		w.close(w.open())
		w.o.AcceptOlder = false
		now = accepted
		accepted = copyFolder(t, w.dir)
	}
}

// A keyring that was away while an older database was accepted still tells of
// what was given up, and neither database passes for the other unseen.
func TestAcceptingReachesEveryPlace(t *testing.T) {
	w := newWorld(t)
	w.grown() // remembered in the state folder
	w.withKeyring()
	w.close(w.open())
	old := copyFolder(t, w.dir)
	v := w.open()
	addPatient(t, v.Vault, 2)
	w.close(v)
	given := copyFolder(t, w.dir)
	old.put(t, w.dir)
	w.o.AcceptOlder = true
	w.close(w.open())
	w.o.AcceptOlder = false
	w.close(w.open())
	accepted := copyFolder(t, w.dir)
	given.put(t, w.dir)
	w.fails(pass, ErrOlder)
	w.o.Keyring = nil
	w.fails(pass, ErrOlder)
	accepted.put(t, w.dir)
	w.close(w.open())
}

func TestALostLogIsNoticed(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	child := w.start("backup", w.dir, filepath.Join(t.TempDir(), "b"))
	child.expect("go")
	v := w.o
	child.kill()
	w.o = v
	w.close(w.open())
	// A log that holds commits which the anchor knows, taken away.
	vv := w.open()
	addPatient(t, vv.Vault, 7)
	vv.keeper.flush()
	f := copyFolder(t, w.dir)
	w.close(vv)
	if len(f[walName]) == 0 {
		t.Fatal("there is no log to lose")
	}
	f.change(walName, nil).put(t, w.dir)
	w.fails(pass, vault.ErrIntegrity)
	f.put(t, w.dir)
	w.close(w.open())
}

// What a killed process committed may not have reached the disk when it is read
// back: what is remembered first is a commit of this session, which brings all
// before it to the disk.
func TestNothingIsRememberedBeforeThisSessionLasts(t *testing.T) {
	w := newWorld(t).withKeyring()
	w.close(w.create())
	w.ring.sets = nil
	for range 5 {
		v := w.open()
		h, err := v.database.store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.close(v)
		w.ring.mu.Lock()
		for _, s := range w.ring.sets {
			if list, err := parseAnchors(s); err != nil || list[0].head.Entry < h.Entry {
				t.Errorf("remembered %v, and the session began by writing %d", list, h.Entry)
			}
		}
		w.ring.sets = nil
		w.ring.mu.Unlock()
	}
}

func TestTheAnchorIsInOnePlaceAndBothAreAsked(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	if s, err := v.Status(ctx); err != nil || s.Anchor != "keyring" {
		t.Errorf("%q %v", s.Anchor, err)
	}
	id := v.ID()
	w.close(v)
	if got := w.ring.names(); !slices.Equal(got, []string{anchorItem(id)}) {
		t.Errorf("the keyring has %v", got)
	}
	if _, err := os.Stat(w.o.StateDir); err == nil {
		t.Error("there is a state folder too")
	}
	// A job in the night has no keyring; what it adds is remembered in the file.
	old := copyFolder(t, w.dir)
	w.ring.breaks(errors.New("no bus"))
	v = w.open()
	if s, err := v.Status(ctx); err != nil || s.Anchor != "state" {
		t.Errorf("%q %v", s.Anchor, err)
	}
	addPatient(t, v.Vault, 1)
	w.close(v)
	if got := w.notices(); !slices.Contains(got, NoticeKeyring) {
		t.Errorf("notices %v", got)
	}
	w.close(w.open()) // the next night; nobody needs to be told again
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
	now := copyFolder(t, w.dir)
	w.ring.breaks(nil)
	old.put(t, w.dir)
	w.fails(pass, vault.ErrIntegrity)
	now.put(t, w.dir)
	w.close(w.open())
}

func TestAMachineWithoutAKeyringIsNotNagged(t *testing.T) {
	w := newWorld(t).withKeyring()
	w.ring.breaks(errors.New("no bus"))
	w.close(w.create())
	w.close(w.open())
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
	// One that falls silent while the vault is open is worth a word.
	w.ring.breaks(nil)
	v := w.open()
	w.ring.breaks(errors.New("locked"))
	addPatient(t, v.Vault, 1)
	w.close(v)
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeKeyring}) {
		t.Errorf("notices %v", got)
	}
}

func TestAMissingOrDamagedAnchorIsANotice(t *testing.T) {
	w := newWorld(t)
	w.grown()
	path := filepath.Join(w.o.StateDir, files(t, w.o.StateDir)[0])
	for _, c := range []struct {
		text string
		want NoticeKind
	}{
		{"", NoticeAnchorDamaged},
		{"nonsense", NoticeAnchorDamaged},
		{anchorMagic + "\n", NoticeNoAnchor},
		{string(readFile(t, path)) + "x", NoticeAnchorDamaged},
	} {
		writeFile(t, path, []byte(c.text))
		w.close(w.open())
		if got := w.notices(); !slices.Equal(got, []NoticeKind{c.want}) {
			t.Errorf("%q: notices %v", c.text, got)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.close(w.open())
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeNoAnchor}) {
		t.Errorf("notices %v", got)
	}
	w.close(w.open())
	if got := w.notices(); len(got) != 0 {
		t.Errorf("notices %v", got)
	}
}

func TestAnAnchorAheadIsAnError(t *testing.T) {
	w := newWorld(t)
	w.grown()
	path := filepath.Join(w.o.StateDir, files(t, w.o.StateDir)[0])
	list, err := parseAnchors(string(readFile(t, path)))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	good := list[0]
	for name, change := range map[string]func(a *anchor){
		"entry": func(a *anchor) { a.head.Entry += 5 },
		"chain": func(a *anchor) { a.head.Chain[0] ^= 1 },
	} {
		a := good
		change(&a)
		writeFile(t, path, []byte(formatAnchors([]anchor{a})))
		w.fails(pass, vault.ErrIntegrity)
		t.Log(name)
	}
}

func TestNoPlaceForTheAnchorIsANotice(t *testing.T) {
	w := newWorld(t)
	writeFile(t, w.o.StateDir, []byte("a file where the folder should be"))
	w.close(w.create())
	if got := w.notices(); !slices.Contains(got, NoticeAnchorUnsaved) {
		t.Errorf("notices %v", got)
	}
	w.close(w.open())
}

func TestTheAnchorNeverLeads(t *testing.T) {
	w := newWorld(t).withKeyring()
	v := w.create()
	w.ring.twist = func(s string) string {
		list, err := parseAnchors(s)
		if err != nil {
			t.Error(err)
		}
		for _, a := range list {
			if ok, err := v.database.store.Contains(ctx, a.head); err != nil || !ok {
				t.Errorf("the anchor tells of entry %d, which is not there: %v", a.head.Entry, err)
			}
		}
		return s
	}
	for n := range 50 {
		addPatient(t, v.Vault, n)
		if n%10 == 0 {
			v.keeper.flush()
		}
	}
	w.ring.twist = nil
	w.close(v)
}

func TestAnchorsOfCopiesFitOneItem(t *testing.T) {
	var list []anchor
	for range 3 * anchorsKept {
		list = with(list, anchor{newInstance(), store.Head{Entry: 1 << 62}})
	}
	s := formatAnchors(list)
	if len(list) != anchorsKept || len(s) > MaxKeyringValue {
		t.Errorf("%d anchors, %d bytes", len(list), len(s))
	}
	last := list[anchorsKept-1]
	last.head.Entry = 7
	list = with(list, last)
	if len(list) != anchorsKept || list[0] != last || list[1].instance == last.instance {
		t.Errorf("%v", list)
	}
	if got, err := parseAnchors(strings.TrimSpace(formatAnchors(list))); err != nil || !slices.Equal(got, list) {
		t.Errorf("%v %v", got, err)
	}
}

func FuzzParseAnchors(f *testing.F) {
	f.Add(formatAnchors([]anchor{{newInstance(), store.Head{Entry: 3}}}))
	f.Add(anchorMagic)
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := parseAnchors(s)
		if err != nil {
			if list != nil {
				t.Fatal("a result with an error")
			}
			return
		}
		again, err := parseAnchors(formatAnchors(list))
		if err != nil || !slices.Equal(again, list) {
			t.Fatalf("%v %v", again, err)
		}
	})
}

// mute is a keyring that answers nobody before it is told to end.
type mute struct {
	*ring
	end chan struct{}
}

func (m mute) Get(context.Context, string) (string, error) {
	<-m.end
	return "", ErrNoItem
}

func TestOpeningDoesNotOutliveItsContextForTheAnchor(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	synctest.Test(t, func(t *testing.T) {
		m := mute{end: make(chan struct{})}
		defer close(m.end)
		w.o.Keyring = m
		c, cancel := context.WithCancel(ctx)
		opened := make(chan error, 1)
		p := secret.FromBytes([]byte(pass))
		go func() { _, err := Open(c, w.dir, p, w.o); opened <- err }()
		synctest.Wait() // the key is derived; the anchor alone is waited for
		cancel()
		synctest.Wait()
		select {
		case err := <-opened:
			if !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		default:
			t.Error("still waiting")
			m.end <- struct{}{}
			<-opened
		}
	})
	w.o.Keyring = nil
	w.close(w.open())
}
