package attacktest

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

func random(n int) string {
	b := make([]byte, n/2)
	rand.Read(b)
	return hex.EncodeToString(b)
}

func is(err error, any ...error) bool {
	for _, e := range any {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// Attack 19. The host takes back one segment, or serves an older one in its place.
// Expected: gone, local data untouched, nothing pushed. Seen to succeed with the
// asking again for verified segments removed from wantedOf.
func TestAttack19OneOlderSegment(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("y", 1))
	w.sync(w.b, w.a)
	n := w.name(w.b, w.last(w.b, w.b))
	older := w.host.objects[w.name(w.b, w.segment(w.b, log(w.b), 0))]
	w.a.Add(t, note("z", 1))
	objects := len(w.host.objects)
	for _, served := range [][]byte{nil, older} {
		w.host.only(n, served)
		w.refuses(w.a, journal.ErrGone)
	}
	if len(w.host.objects) != objects {
		t.Error("something was pushed to a store that went back")
	}
	w.host.serve = nil
	w.sync(w.a, w.b)
}

// Attack 20. The host puts yesterday's whole store back. Expected: every device
// that saw more says gone, keeps its data and pushes nothing. Seen to succeed like 19.
func TestAttack20YesterdaysStore(t *testing.T) {
	w := newWorld(t)
	yesterday := w.host.copy()
	w.b.Add(t, note("y", 1))
	w.sync(w.b, w.a, w.c)
	w.host.objects = yesterday
	for _, d := range []*journaltest.Device{w.a, w.b, w.c} {
		w.refuses(d, journal.ErrGone)
	}
	if len(w.host.objects) != len(yesterday) {
		t.Error("something was pushed")
	}
}

// Attack 21. The same with a client's own database put back too. Expected: the
// client alone sees nothing wrong, which nothing in it can; any other device says
// gone, and once the store is whole again the restored client learns that it is
// old and publishes nothing. Seen to succeed with setOld returning nil.
func TestAttack21YesterdaysStoreAndDatabase(t *testing.T) {
	w := newWorld(t)
	yesterday := w.host.copy()
	saved := w.b.Save(t)
	w.b.Add(t, note("y", 1))
	w.sync(w.b, w.a, w.c)
	today := w.host.objects
	w.host.objects = yesterday
	w.b.Restore(t, saved)
	w.refuses(w.a, journal.ErrGone)
	w.host.objects = today
	w.b.Add(t, note("q", 1))
	objects := len(today)
	if err := w.b.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
		t.Errorf("the restored client: %v", err)
	}
	w.b.Crash(t)
	if err := w.b.Sync(w.host); !errors.Is(err, journal.ErrRestored) || len(today) != objects {
		t.Errorf("it went on after a restart: %v", err)
	}
	// Another device's word is enough, also for a place that the copy has filled
	// anew while it could not reach the store.
	w.a.Add(t, note("cites", 1))
	w.sync(w.a)
	w.b.Restore(t, saved)
	w.b.Add(t, note("q", 1))
	for range w.b.Journal.Outgoing(ctx, "r") {
		break
	}
	w.host.only(w.name(w.a, w.last(w.a, w.b)), nil)
	if err := w.b.Sync(w.host); !errors.Is(err, journal.ErrRestored) {
		t.Errorf("a citation: %v", err)
	}
}

// Attack 22. A new device's first sync shows it an older store than its inviter
// saw. Expected: it says what is missing and publishes nothing. Seen to succeed
// with Floors left empty.
func TestAttack22RollbackAtTheFirstSync(t *testing.T) {
	w := newWorld(t)
	w.a.Add(t, note("y", 1))
	w.sync(w.a)
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	n := w.name(w.a, w.last(w.a, w.a))
	objects := len(w.host.objects)
	w.host.only(n, nil)
	if err := d.Sync(w.host); !errors.Is(err, journal.ErrWaiting) || len(w.host.objects) != objects {
		t.Errorf("%v", err)
	}
	st, err := d.Journal.Status(ctx)
	if err != nil || len(st.Floors) == 0 || st.Floors[0].Log != log(w.a) {
		t.Errorf("%v: %+v", err, st)
	}
	w.host.serve = nil
	w.sync(d)
}

// Attack 23. A member signs two segments for one place and the host shows each
// of two devices another; then one segment crosses. Expected: two histories, with
// the evidence kept. Seen to succeed with checkHeads' comparison of hashes removed.
func TestAttack23AForkThenOneCrossingEntry(t *testing.T) {
	w := newWorld(t)
	n := w.forge(w.b, nil, func(s *segment.Segment) { s.Clock = time.UnixMilli(1) })
	w.sync(w.a)
	first := w.host.objects[n]
	delete(w.host.objects, n)
	w.forge(w.b, nil, func(s *segment.Segment) { s.Clock = time.UnixMilli(2) })
	w.c.Add(t, note("y", 1))
	w.sync(w.c)
	w.host.only(n, first)
	err := w.a.Sync(w.host)
	if !errors.Is(err, journal.ErrFork) {
		t.Fatalf("%v", err)
	}
	st, err := w.a.Journal.Status(ctx)
	if err != nil || st.Forks == 0 {
		t.Errorf("no evidence: %v %+v", err, st)
	}
}

// Attack 23, ended. Both branches have content, each device has another one, and
// others have written on top of both. Expected: everybody goes on but the log that
// forked; an owner ends it, and then all devices, one that joins later too, have the
// same, with both branches kept apart. Seen to succeed with the citations of another
// branch refused, which keeps the removal itself from arriving.
func TestAttack23AForkIsEnded(t *testing.T) {
	w := newWorld(t)
	var n remote.Name
	forge := func(id string) []byte {
		p := []byte("\x01\x00\x01a\x00\x00" + note(id, 1))
		n = w.forge(w.b, [][]byte{packed(p)}, func(s *segment.Segment) {
			s.Entries = entries(vault.KindPut, p)
			s.Entries[0].Record = vault.RecordIDOf("a", "Condition", id)
		})
		return w.host.objects[n]
	}
	first := forge("one")
	w.sync(w.a)
	delete(w.host.objects, n)
	second := forge("two")
	w.sync(w.c)
	if !strings.Contains(w.a.Contents(t), `"one"`) || !strings.Contains(w.c.Contents(t), `"two"`) {
		t.Fatal("no fork")
	}
	w.c.Add(t, note("y", 1), note("two", 2))
	w.sync(w.c)
	w.host.only(n, first)
	if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrFork) {
		t.Fatalf("%v", err)
	}
	w.a.Add(t, note("z", 1))
	w.sync(w.a)
	if st, err := w.a.Journal.Status(ctx); err != nil || st.Forks != 1 || !strings.Contains(w.a.Contents(t), "y") {
		t.Errorf("%v %+v", err, st)
	}
	if err := w.c.Journal.EndFork(ctx, w.b.Keys.ID()); !errors.Is(err, vault.ErrUsage) {
		t.Errorf("an end of what is not known: %v", err)
	}
	if err := w.a.Journal.EndFork(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a)
	w.host.only(n, second)
	for range 2 {
		if err := w.c.Sync(w.host); err != nil && !errors.Is(err, journal.ErrFork) {
			t.Fatal(err)
		}
	}
	w.c.Add(t, note("after", 1))
	w.sync(w.c)
	w.host.only(n, first)
	w.sync(w.a)
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	if err := d.Sync(w.host); err != nil && !errors.Is(err, journal.ErrFork) {
		t.Fatal(err)
	}
	w.sync(d)
	for _, x := range []*journaltest.Device{w.a, w.c, d} {
		if got := x.Contents(t); got != w.a.Contents(t) || strings.Contains(got, `"one"`) || !strings.Contains(got, canary+" 2") {
			t.Errorf("%s has\n%s\nnot\n%s", x.Name, got, w.a.Contents(t))
		}
		st, err := x.Journal.Status(ctx)
		if err != nil || st.Forks != 0 || st.Quarantined == 0 || len(st.Held) > 0 {
			t.Errorf("%s: %v %+v", x.Name, err, st)
		}
		x.Verify(t)
	}
}

// Attack 24. The same, and nothing ever crosses. Expected: the verify code tells.
// Seen to succeed with CheckCode comparing the number alone.
func TestAttack24APermanentFork(t *testing.T) {
	w := newWorld(t)
	ours, theirs := newHost(), newHost()
	ours.objects, theirs.objects = w.host.copy(), w.host.copy()
	w.b.Add(t, note("y", 1))
	if err := w.b.Sync(ours); err != nil {
		t.Fatal(err)
	}
	w.host = theirs
	n := w.forge(w.b, nil, func(s *segment.Segment) {
		s.Place.Seq, s.Prev = s.Place.Seq-1, w.segment(w.b, log(w.b), s.Place.Seq-2).Place.Hash
	})
	l := w.last(w.b, w.b)
	theirs.objects[w.name(w.b, l)], theirs.objects[n] = resealed(w, l), nil
	delete(theirs.objects, n)
	w.sync(w.a)
	if err := w.a.Journal.CheckCode(ctx, w.b.Journal.Code()); !errors.Is(err, journal.ErrFork) {
		t.Errorf("%v", err)
	}
}

// resealed is another segment of b's for the place of l.
func resealed(w *world, l *segment.Segment) []byte {
	s := &segment.Segment{VaultID: l.VaultID, Place: vault.Place{Log: l.Place.Log, Seq: l.Place.Seq}, Prev: l.Prev, Epoch: l.Epoch, Next: l.Next}
	s.Sign(w.b.Keys)
	object, err := segment.Seal(s, nil, s.VaultID, w.keys(w.b, l.Epoch), w.name(w.b, l))
	if err != nil {
		w.t.Fatal(err)
	}
	return object
}

// Attacks 26 and 28. The host withholds a segment in the middle, here one with a
// deletion, and serves what others wrote after they saw it. Expected: what cites
// it is held and names it; when it comes, all is applied. Seen to succeed with
// checkHeads not waiting.
func TestAttack26And28ASegmentWithheld(t *testing.T) {
	w := newWorld(t)
	w.b.Delete(t, "Condition", "x")
	w.sync(w.b, w.c)
	n := w.name(w.b, w.last(w.b, w.b))
	w.c.Add(t, note("y", 1))
	w.sync(w.c)
	w.host.only(n, nil)
	w.refuses(w.a, nil)
	st, err := w.a.Journal.Status(ctx)
	if err != nil || len(st.Held) != 1 || st.Held[0].Place.Log != log(w.c) || len(st.Held[0].For) != 1 || st.Held[0].For[0].Log != log(w.b) {
		t.Errorf("%v: %+v", err, st)
	}
	w.host.serve = nil
	w.sync(w.a)
	if w.a.Contents(t) != w.c.Contents(t) {
		t.Error("they differ after it came")
	}
}

// Attack 27. The put of a deleted record is replayed: by the host under the next
// name, and by a member in a new segment. Expected: it stays deleted. Seen to
// succeed with heads() not looking at what follows a revision.
func TestAttack27ADeletedRecordsPutReplayed(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("y", 1))
	w.sync(w.b, w.a)
	l := w.last(w.b, w.b)
	put, err := w.b.Store.Segment(ctx, l.Place.Log, l.Place.Seq)
	if err != nil {
		t.Fatal(err)
	}
	w.a.Delete(t, "Condition", "y")
	w.sync(w.a, w.b)
	next := segment.Space(w.b.VaultID()).Name(w.keys(w.b, l.Next).SegmentName(l.Place.Log, l.Place.Seq+1))
	w.host.only(next, w.host.objects[w.name(w.b, l)])
	w.refuses(w.a, journal.ErrUnreadable)
	w.host.serve = nil
	var bodies [][]byte
	for _, e := range put.Entries {
		bodies = append(bodies, e.Body)
	}
	w.forge(w.b, bodies, func(s *segment.Segment) { s.Entries = l.Entries })
	w.sync(w.a)
	r, err := w.a.Store.Get(ctx, vault.RecordIDOf("a", "Condition", "y"))
	if err != nil || !r.Deleted {
		t.Errorf("%v %+v", err, r.Deleted)
	}
}

// Attack 30. The host deletes objects, all of them. Expected: gone, the local copy
// kept, never taken for a deletion of records; at the owner's word everything is
// put again. Seen to succeed like 19.
func TestAttack30ObjectsDeleted(t *testing.T) {
	w := newWorld(t)
	w.host.objects = map[remote.Name][]byte{}
	w.refuses(w.a, journal.ErrGone)
	if err := w.a.Journal.Reupload(ctx, "r"); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a)
	w.sync(w.b, w.c)
}

// Attack 31. A member's clock says the year 9999, another's 1970. Expected: causality
// decides: an edit that follows another stands whatever the clocks say, and two that do
// not are a conflict, the same at all. Seen to succeed with check refusing what was
// written later than now, and with apply setting aside what was written before something
// that is here.
func TestAttack31Clocks(t *testing.T) {
	w := newWorld(t)
	at := func(d *journaltest.Device, year int) {
		d.Clock = func() time.Time { return time.Date(year, 12, 31, 0, 0, 0, 0, time.UTC) }
		d.Crash(t) // opens it with that clock
	}
	at(w.b, 9999)
	at(w.c, 1970)
	shown := func(want string, conflict bool) {
		t.Helper()
		for _, d := range []*journaltest.Device{w.a, w.b, w.c} {
			r, err := d.Store.Get(ctx, vault.RecordIDOf("a", "Condition", "x"))
			if err != nil || r.Conflict != conflict || !strings.Contains(string(r.Resource.JSON), want) {
				t.Errorf("%s: %v %+v", d.Name, err, r)
			}
		}
	}
	w.b.Add(t, note("x", "far"))
	w.sync(w.b, w.c, w.a)
	shown("far", false)
	w.c.Add(t, note("x", "past"))
	w.sync(w.c, w.a, w.b)
	shown("past", false)
	w.a.Add(t, note("x", "now"))
	w.sync(w.a, w.b, w.c)
	shown("now", false)
	w.b.Add(t, note("x", "one"))
	w.c.Add(t, note("x", "two"))
	w.sync(w.b, w.c, w.a, w.b)
	shown(canary, true)
	if w.a.Contents(t) != w.b.Contents(t) || w.a.Contents(t) != w.c.Contents(t) {
		t.Error("they differ")
	}
}
