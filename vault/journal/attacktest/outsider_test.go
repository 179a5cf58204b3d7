package attacktest

import (
	"bytes"
	"errors"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// goesOn expects d to be told of no fault, and what it writes to arrive at to.
func (w *world) goesOn(d, to *journaltest.Device, id string) {
	w.t.Helper()
	if err := d.Sync(w.host); err != nil {
		w.t.Errorf("%s: %v", d.Name, err)
	}
	st, err := d.Journal.Status(ctx)
	if err != nil || st.Restored || st.Forks > 0 {
		w.t.Errorf("%s: %v, restored %v, %d forks", d.Name, err, st.Restored, st.Forks)
	}
	d.Add(w.t, note(id, 1))
	for _, x := range []*journaltest.Device{d, to} {
		if err := x.Sync(w.host); err != nil {
			w.t.Errorf("%s: %v", x.Name, err)
		}
	}
	if !to.Has(w.t, note(id, 1)) {
		w.t.Errorf("%s has nothing more of %s", to.Name, d.Name)
	}
}

// Attack 35. A removed device accuses others with what it signs after its cut-off:
// each that its database was put back, by citing what it never wrote; each that it
// signed two histories, by citing another hash for what it did write. Expected: without
// effect, also where the removal comes later. Seen to succeed (nothing is published any
// more; the log is not read any further) with checkHeads taking any member's word.
func TestAttack35ARemovedDeviceAccuses(t *testing.T) {
	for name, accuse := range map[string]func(of vault.Place) vault.Place{
		"of an older database": func(p vault.Place) vault.Place { p.Seq, p.Hash = p.Seq+100, vault.Hash{1}; return p },
		"of two histories":     func(p vault.Place) vault.Place { p.Hash = vault.Hash{1}; return p },
	} {
		for when, late := range map[string]bool{"": false, ", told before it was removed": true} {
			t.Run(name+when, func(t *testing.T) {
				w := newWorld(t)
				w.sync(w.a, w.b, w.c, w.a, w.b, w.c)
				if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
					t.Fatal(err)
				}
				of := w.last(w.c, w.c).Place
				w.forge(w.b, nil, func(s *segment.Segment) { s.Heads = []vault.Place{accuse(of)} })
				if late {
					if err := w.c.Sync(w.host); err != nil {
						t.Log(err) // it cannot know better yet
					}
				}
				for _, d := range []*journaltest.Device{w.a, w.c, w.a, w.c} {
					_ = d.Sync(w.host)
				}
				w.goesOn(w.a, w.c, "y")
				w.goesOn(w.c, w.a, "z")
				w.goesOn(w.a, w.c, "v")
			})
		}
	}
}

// Attack 34. A removed device, which can read the segment that removed it, since that
// is sealed under the epoch before, mints an epoch with the id of the new one.
// Expected: its own entry is refused, the removal is not. Seen to succeed (the owner's
// log is forged to whoever met the other first) with ids that are bound to nothing.
func TestAttack34AnEpochOfTheSameName(t *testing.T) {
	w := newWorld(t)
	if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a)
	id := w.last(w.a, w.a).Next
	key := secret.Random(32)
	var mint segment.Mint
	l := w.last(w.a, w.a).Place
	for seq := range l.Seq + 1 {
		ls, err := w.a.Store.Segment(ctx, l.Log, seq)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range ls.Entries {
			if e.Header.Kind == vault.KindEpoch {
				p, err := w.a.Store.Unpack(e.Header, e.Body)
				if err != nil {
					t.Fatal(err)
				}
				mint, _ = segment.DecodeMint(p)
			}
		}
	}
	if mint.Epoch != id {
		t.Fatal("no mint")
	}
	wraps := sorted(w.wrap(w.b, w.a, id, key), w.wrap(w.b, w.b, id, key), w.wrap(w.b, w.c, id, key))
	p := segment.Mint{Epoch: id, Commit: mint.Commit, Parent: w.last(w.b, w.b).Next, Depth: 3, Wraps: wraps}.Encode()
	n := w.forge(w.b, [][]byte{packed(p)}, func(s *segment.Segment) { s.Entries = entries(vault.KindEpoch, p) })
	evil := w.host.objects[n]
	w.host.objects, w.host.serve = w.host.copy(), nil
	removal := w.name(w.a, w.last(w.a, w.a))
	w.host.serve = func(m remote.Name, b []byte) []byte {
		if m == removal {
			return nil
		}
		return b
	}
	if err := w.c.Sync(w.host); err != nil && !errors.Is(err, journal.ErrForged) || evil == nil {
		t.Fatal(err)
	}
	w.host.serve = nil
	_ = w.c.Sync(w.host)
	w.c.Add(t, note("y", 1))
	_ = w.c.Sync(w.host)
	if m := w.c.Journal.Members(); len(m) != 3 || !removed(m, "b") {
		t.Errorf("c does not know of the removal: %+v", m)
	}
	if !bytes.Equal(w.keys(w.c, id).Key().Bytes(), w.keys(w.a, id).Key().Bytes()) {
		t.Error("c took another's key")
	}
}

func removed(ms []journal.Member, name string) bool {
	for _, m := range ms {
		if m.Name == name {
			return m.Removed
		}
	}
	return false
}

// Attack 34. A removed device, which knows the id of the epoch that follows it, puts a
// key of its own for that into the inbox of a device that is behind. Expected: refused,
// nothing is ever written under it. Seen to succeed (what the device writes, the
// removed one reads and no member) with the first key for an id taken for the epoch's.
func TestAttack34AKeyOfItsOwnInAnInbox(t *testing.T) {
	w := newWorld(t)
	w.lacking(w.b, w.a, w.c)
	w.sync(w.a)
	_ = w.c.Sync(w.host) // asks its inbox from now on
	if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	before := w.host.copy()
	w.sync(w.a)
	id := w.last(w.a, w.a).Next
	key := secret.Random(32)
	w.inbox(w.b, w.c, 0, id, key)
	w.host.serve = func(m remote.Name, b []byte) []byte { // the removal comes a sync later
		if before[m] == nil && m != w.inboxName(w.b, w.c, 0) {
			return nil
		}
		return b
	}
	_ = w.c.Sync(w.host)
	w.host.serve = nil
	_ = w.c.Sync(w.host)
	w.c.Add(t, note("y", 1))
	_ = w.c.Sync(w.host)
	if bytes.Equal(w.keys(w.c, id).Key().Bytes(), key.Bytes()) {
		t.Error("c writes for the removed device")
	}
	if err := w.a.Sync(w.host); err != nil || !w.a.Has(t, note("y", 1)) {
		t.Errorf("a does not read it: %v", err)
	}
}

// lacking lets by mint an epoch whose key one of the members is not given.
func (w *world) lacking(by *journaltest.Device, given, not *journaltest.Device) {
	key := secret.Random(32)
	w.mint(by, key, func(id segment.EpochID) []segment.MintWrap {
		no := w.wrap(by, not, id, secret.Random(32))
		no.Wrap[len(no.Wrap)-1] ^= 1
		return sorted(w.wrap(by, by, id, key), w.wrap(by, given, id, key), no)
	})
}

func (w *world) inboxName(by, to *journaltest.Device, n uint64) remote.Name {
	box := w.keys(by, by.Epochs()[0].ID).Inbox(to.Keys.ID())
	return segment.Space(by.VaultID()).Name(segment.InboxName(box, by.Keys.ID(), n))
}

// Attack 29. A removed device, or a member, fills the inbox of one that lacks an epoch
// with what it signed. Expected: a member's is read in portions, a removed device's not
// at all. Seen to go on as long as there was something with askInbox not counting, and
// not asking who is a member.
func TestAttack29AnInboxWithoutEnd(t *testing.T) {
	const there = 150
	for name, most := range map[string]int{"a member's": 100, "a removed device's": 30} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.lacking(w.b, w.a, w.c)
			w.sync(w.a)
			_ = w.c.Sync(w.host)
			if most == 30 {
				if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
					t.Fatal(err)
				}
			}
			w.sync(w.a)
			_ = w.c.Sync(w.host)
			for n := range uint64(there) {
				w.inbox(w.b, w.c, n, segment.EpochID{byte(n)}, secret.Random(32))
			}
			before := w.host.requests
			_ = w.c.Sync(w.host)
			if n := w.host.requests - before; n > most {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// inbox puts an epoch's key into a place for by in to's inbox.
func (w *world) inbox(by, to *journaltest.Device, at uint64, id segment.EpochID, key *secret.Bytes) {
	wrap, err := identity.Wrap(to.Keys.Public(), identity.Wrapping{VaultID: by.VaultID(), Writer: by.Keys.ID(), Recipient: to.Keys.ID(), Epoch: id}, key)
	if err != nil {
		w.t.Fatal(err)
	}
	n := w.inboxName(by, to, at)
	m := segment.Message{Writer: by.Keys.ID(), Recipient: to.Keys.ID(), Epoch: id, Minter: w.a.Keys.ID(), Wrap: wrap}
	box := w.keys(by, by.Epochs()[0].ID).Inbox(to.Keys.ID())
	b, err := seal.Seal(m.Signed(func(b []byte) []byte { return by.Keys.Sign("phivault/inbox/v1", b) }), box,
		seal.Context{VaultID: by.VaultID(), Kind: seal.KindInbox, Name: n.String()}, seal.Buckets)
	if err != nil {
		w.t.Fatal(err)
	}
	w.host.objects[n] = b
}

// Attack 35. A removed owner admits a member once more, as an owner, beyond its cut-off
// and citing nothing that shows the first admission; of two that cite as much its own
// comes first, as its log does. Expected: the member stays what it was; so does a copy of
// it. Seen to succeed with the admission of the lowest rank giving the role, whether it
// stands or not.
func TestAttack35ARemovedOwnerRaisesAMember(t *testing.T) {
	w := newWorld(t)
	for segment.CompareLogs(log(w.c), log(w.a)) > 0 {
		w = newWorld(t)
	}
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	w.sync(d, w.a, d)
	p := segment.Member{Admit: &segment.Admission{Public: d.Keys.Public(), Role: segment.RoleOwner, Name: "owner"}}.Encode()
	if err := w.a.Journal.Remove(ctx, w.c.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a, w.b)
	w.forge(w.c, [][]byte{packed(p)}, func(s *segment.Segment) { s.Entries = entries(vault.KindMember, p) })
	w.sync(w.a, w.b)
	next := newKeys(t)
	public := next.Public()
	w.publish(d, w.replacement(d, next), next)
	w.sync(w.a, w.b)
	for _, x := range []*journaltest.Device{w.a, w.b} {
		n := 0
		for _, m := range x.Journal.Members() {
			if m.Device == d.Keys.ID() || m.Device == public.DeviceID() {
				n++
				if m.Owner || m.Name != "d" {
					t.Errorf("%s takes %q for an owner: %v", x.Name, m.Name, m.Owner)
				}
			}
		}
		if st, err := x.Journal.Status(ctx); n != 2 || err != nil || st.Quarantined != 1 {
			t.Errorf("%s knows %d of them, %d set aside: %v", x.Name, n, st.Quarantined, err)
		}
	}
}
