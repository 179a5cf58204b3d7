package attacktest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// joining is a new device with its request made, and the invitation.
func joining(t *testing.T) (identity.Invitation, *identity.Device, *journal.Joining) {
	t.Helper()
	i := identity.NewInvitation()
	d, err := identity.NewDevice([]byte(random(64))[:32], []byte(random(64))[:32])
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.NewRequest(i, d, "new", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	return i, d, j
}

// minting is an epoch of by's own making that follows the one it writes under.
func (w *world) minting(by *journaltest.Device, key *secret.Bytes) segment.Mint {
	m := segment.Mint{Commit: segment.Commit(key), Parent: w.last(by, by).Next, Depth: 3}
	m.Epoch = segment.MintedID(by.VaultID(), by.Keys.ID(), m.Commit)
	return m
}

// mint appends to by's log such an epoch, in a segment that names it.
func (w *world) mint(by *journaltest.Device, key *secret.Bytes, wraps func(id segment.EpochID) []segment.MintWrap) segment.EpochID {
	m := w.minting(by, key)
	m.Wraps = wraps(m.Epoch)
	p := m.Encode()
	w.forge(by, [][]byte{packed(p)}, func(s *segment.Segment) { s.Entries, s.Next = entries(vault.KindEpoch, p), m.Epoch })
	return m.Epoch
}

func (w *world) wrap(by, to *journaltest.Device, id segment.EpochID, key *secret.Bytes) segment.MintWrap {
	b, err := identity.Wrap(to.Keys.Public(), identity.Wrapping{VaultID: by.VaultID(), Writer: by.Keys.ID(), Recipient: to.Keys.ID(), Epoch: id}, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return segment.MintWrap{Device: to.Keys.ID(), Wrap: b}
}

func sorted(m ...segment.MintWrap) []segment.MintWrap {
	for i := range m {
		for k := range m[:i] {
			if bytes.Compare(m[i].Device[:], m[k].Device[:]) < 0 {
				m[i], m[k] = m[k], m[i]
			}
		}
	}
	return m
}

// plainOf opens an object of the enrolment with the invitation's key.
func plainOf(t *testing.T, e journalEnvelope, kind seal.Kind, key *secret.Bytes) []byte {
	t.Helper()
	r, err := e.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	object, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := seal.Open(object, key, seal.Context{Kind: kind, Name: e.Name.String()})
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

// Attack 1. The host, which knows a new device's public key, and here even what it
// asked, answers its request with a wrap of a key of its own choosing; once under a key
// made without the invitation, once under the right one. Expected: the reply is refused,
// since only who knows the invitation can seal one, and only a wrap made with it opens.
// Seen to succeed, the second with the invitation left out of the wrap's info, the first
// with it left out of the derivation of keys as well.
func TestAttack01TheHostsOwnWrap(t *testing.T) {
	i, d, j := joining(t)
	evil, err := identity.NewDevice(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	genesis, _ := identity.NewGenesis(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	g, _ := identity.ParseGenesis(genesis)
	b, err := identity.Wrap(d.Public(), identity.Wrapping{VaultID: g.VaultID(), Writer: evil.ID(), Recipient: d.ID()}, secret.Random(32))
	if err != nil {
		t.Fatal(err)
	}
	p := segment.Reply{Request: sha256.Sum256(plainOf(t, j.Envelope, seal.KindRequest, i.RequestKey())), Genesis: genesis,
		Inviter: evil.ID(), Member: evil.Public(), Epochs: []segment.MintWrap{{Wrap: b}}}
	plain := p.Signed(func(b []byte) []byte { return evil.Sign("phivault/join/reply/v1", b) })
	n := journal.ReplyName(i)
	for name, c := range map[string]struct {
		key  *secret.Bytes
		want error
	}{
		"a key of no invitation": {identity.Invitation{}.ReplyKey(), journal.ErrUnreadable},
		"the invitation's":       {i.ReplyKey(), journal.ErrForged},
	} {
		object, err := seal.Seal(plain, c.key, seal.Context{Kind: seal.KindReply, Name: n.String()}, seal.Buckets)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := j.Accept(journaltest.Envelope(n, object)); !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Attack 2. A member swaps the wraps of two devices, or of two epochs, in an
// epoch that it mints. Expected: the wrap does not open, the epoch is unknown, and
// what is sealed under it waits; nothing is applied under a wrong key. Seen to
// succeed with the epoch left out of the wrap's info and context, and the key not
// compared with what its epoch commits to; two devices' stay apart even then, by their
// keys.
func TestAttack02SwappedWraps(t *testing.T) {
	t.Run("devices", func(t *testing.T) {
		swapped(t, func(_ *world, a, c *segment.MintWrap) { a.Wrap, c.Wrap = c.Wrap, a.Wrap })
	})
	t.Run("epochs", func(t *testing.T) {
		swapped(t, func(w *world, a, _ *segment.MintWrap) { *a = w.wrap(w.b, w.a, segment.EpochID{9}, secret.Random(32)) })
	})
}

func swapped(t *testing.T, swap func(w *world, a, c *segment.MintWrap)) {
	w := newWorld(t)
	key := secret.Random(32)
	id := w.mint(w.b, key, func(id segment.EpochID) []segment.MintWrap {
		a, b, c := w.wrap(w.b, w.a, id, key), w.wrap(w.b, w.b, id, key), w.wrap(w.b, w.c, id, key)
		swap(w, &a, &c)
		return sorted(a, b, c)
	})
	w.sync(w.a)
	if b, err := w.a.Store.State(ctx, "epoch/"+hex.EncodeToString(id[:])); err != nil || b != nil {
		t.Errorf("a wrap for another device was taken: %v", err)
	}
	w.a.Add(t, note("y", 1))
	w.sync(w.a, w.c)
	if w.a.Contents(t) != w.c.Contents(t) {
		t.Error("the others cannot go on")
	}
}

// Attack 3. A member mints an epoch with a recipient too few, too many, twice or
// none, and names it next. Expected: forged. Seen to succeed with checkEpochs'
// comparison of recipients removed.
func TestAttack03KeyLists(t *testing.T) {
	evil, err := identity.NewDevice(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]func(w *world, id segment.EpochID, a, b, c segment.MintWrap) []segment.MintWrap{
		"empty": func(*world, segment.EpochID, segment.MintWrap, segment.MintWrap, segment.MintWrap) []segment.MintWrap {
			return nil
		},
		"one short": func(_ *world, _ segment.EpochID, a, b, _ segment.MintWrap) []segment.MintWrap { return sorted(a, b) },
		"doubled": func(_ *world, _ segment.EpochID, a, b, c segment.MintWrap) []segment.MintWrap {
			return sorted(a, a, b, c)
		},
		"one more": func(w *world, id segment.EpochID, a, b, c segment.MintWrap) []segment.MintWrap {
			x, err := identity.Wrap(evil.Public(), identity.Wrapping{VaultID: w.b.VaultID(), Writer: w.b.Keys.ID(), Recipient: evil.ID(), Epoch: id}, secret.Random(32))
			if err != nil {
				t.Fatal(err)
			}
			return sorted(a, b, c, segment.MintWrap{Device: evil.ID(), Wrap: x})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			key := secret.Random(32)
			w.mint(w.b, key, func(id segment.EpochID) []segment.MintWrap {
				return list(w, id, w.wrap(w.b, w.a, id, key), w.wrap(w.b, w.b, id, key), w.wrap(w.b, w.c, id, key))
			})
			w.refuses(w.a, journal.ErrForged)
		})
	}
}

// Attack 4. A device's public key is replaced: in the reply to a request, by who
// saw the invitation; in an admission, by a member who is no owner. Expected:
// refused. Seen to succeed with Accept's comparison of the inviter's id removed,
// and with checkPast's question for an owner removed.
func TestAttack04AReplacedPublicKey(t *testing.T) {
	w := newWorld(t)
	i, _, j := joining(t)
	c, err := w.a.Journal.Candidate(i, j.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := w.a.Journal.Admit(ctx, c, segment.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	n, key := journal.ReplyName(i), i.ReplyKey()
	context := seal.Context{Kind: seal.KindReply, Name: n.String()}
	plain := plainOf(t, reply, seal.KindReply, key)
	p, _, _, err := segment.DecodeReply(plain)
	if err != nil {
		t.Fatal(err)
	}
	p.Member = w.b.Keys.Public()
	forged, err := seal.Seal(p.Signed(func(b []byte) []byte { return w.b.Keys.Sign("phivault/join/reply/v1", b) }), key, context, seal.Buckets)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := j.Accept(journaltest.Envelope(n, forged)); !errors.Is(err, journal.ErrForged) || got != nil {
		t.Errorf("%v", err)
	}
	if _, err := j.Accept(reply); err != nil {
		t.Errorf("the real one: %v", err)
	}
	evil := segment.Member{Admit: &segment.Admission{Public: newKeys(t).Public(), Role: segment.RoleOwner, Name: "a"}}.Encode()
	w = newWorld(t)
	w.forge(w.b, [][]byte{packed(evil)}, func(s *segment.Segment) { s.Entries = entries(vault.KindMember, evil) })
	w.refuses(w.a, journal.ErrForged)
}

// Attack 32. Enrolment in the middle: another device's request in place of the
// real one, by who saw the invitation; the same request twice. Expected: the check
// words differ from those that the new device shows; a device is admitted once.
// Seen to succeed with CheckWords of the invitation alone, and with Admit's look for
// known devices removed.
func TestAttack32EnrolmentInTheMiddle(t *testing.T) {
	w := newWorld(t)
	i, _, j := joining(t)
	evil, err := identity.NewDevice(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	other, err := journal.NewRequest(i, evil, "new", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	c, err := w.a.Journal.Candidate(i, other.Envelope)
	if err != nil || c.Words == j.Words {
		t.Errorf("%v: the words of another device are the same", err)
	}
	c, err = w.a.Journal.Candidate(i, j.Envelope)
	if err != nil || c.Words != j.Words {
		t.Fatalf("%v", err)
	}
	if _, err := w.a.Journal.Admit(ctx, c, segment.RoleMember); err != nil {
		t.Fatal(err)
	}
	before := w.a.Logical(t)
	if _, err := w.a.Journal.Admit(ctx, c, segment.RoleOwner); !errors.Is(err, vault.ErrUsage) || w.a.Logical(t) != before {
		t.Errorf("admitted again: %v", err)
	}
}

// Attack 33. Requests that nobody invited, under the name that is asked for: a
// stranger's for another invitation, one sealed without any, and garbage. Expected: they
// do not open, so nobody is asked. Seen to succeed with the request sealed under a
// constant key.
func TestAttack33UnsolicitedRequests(t *testing.T) {
	w := newWorld(t)
	invited, stranger, _ := joining(t)
	n := journal.RequestName(invited)
	requested := func(i identity.Invitation) []byte {
		plain := segment.Request{Public: stranger.Public(), Name: "stranger", Nonce: [32]byte{1}}.Encode()
		object, err := seal.Seal(plain, i.RequestKey(), seal.Context{Kind: seal.KindRequest, Name: n.String()}, seal.Buckets)
		if err != nil {
			t.Fatal(err)
		}
		return object
	}
	for name, object := range map[string][]byte{"another invitation's": requested(identity.NewInvitation()), "of no invitation": requested(identity.Invitation{}),
		"garbage": bytes.Repeat([]byte{1}, 4096)} {
		if c, err := w.a.Journal.Candidate(invited, journaltest.Envelope(n, object)); !errors.Is(err, journal.ErrUnreadable) || c != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if c, err := w.a.Journal.Candidate(invited, journaltest.Envelope(n, requested(invited))); err != nil || c.Name != "stranger" {
		t.Errorf("the attacker cannot write a good request: %v", err)
	}
	if err := func() error { _, err := w.b.Journal.Admit(ctx, &journal.Candidate{}, 0); return err }(); !errors.Is(err, journal.ErrNotMember) {
		t.Errorf("a member admits: %v", err)
	}
}

// Attack 34. A removed device, with its real keys, reads on. Expected: nothing
// written by devices that have seen its removal opens for it, no name of theirs can
// be computed by it. Seen to succeed with
// choose and mint taking every device ever admitted for a member.
func TestAttack34ARemovedDeviceReadsOn(t *testing.T) {
	w := newWorld(t)
	if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a, w.c)
	before := len(w.host.objects)
	w.a.Add(t, note("y", 1))
	w.c.Add(t, note("z", 1))
	w.sync(w.a, w.c, w.a)
	if len(w.host.objects) < before+2 {
		t.Fatal("nothing was written")
	}
	_ = w.b.Sync(w.host)
	if s := w.b.Contents(t); strings.Contains(s, `"y"`) || strings.Contains(s, `"z"`) {
		t.Error("it reads on")
	}
	for _, d := range []*journaltest.Device{w.a, w.c} {
		e := w.last(d, d).Epoch
		if b, err := w.b.Store.States(ctx, "epoch/"+vault.RecordID(e).String()); err != nil || len(b) > 0 {
			t.Errorf("it has %s's key: %v", d.Name, err)
		}
	}
}

// Attack 35. A removed device writes on with its real keys, backdated and citing
// nothing that it should not know, and citing its own removal. Expected: kept
// apart, not applied; forged when it cites its removal. Seen to succeed with
// check's quarantine, and its question for a member, removed.
func TestAttack35ARemovedDeviceWritesOn(t *testing.T) {
	for name, cites := range map[string]bool{"backdated": false, "after its removal": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
				t.Fatal(err)
			}
			w.sync(w.a, w.c)
			removal := w.last(w.a, w.a).Place
			w.forge(w.b, [][]byte{packed([]byte("{}"))}, func(s *segment.Segment) {
				s.Entries = entries(vault.KindAudit, []byte("{}"))
				if cites {
					s.Heads = []vault.Place{removal}
				}
			})
			for _, d := range []*journaltest.Device{w.a, w.c} {
				if cites {
					w.refuses(d, journal.ErrForged)
				} else {
					w.setsAside(d)
				}
			}
			st, err := w.a.Journal.Status(ctx)
			if err != nil || !cites && st.Quarantined != 1 {
				t.Errorf("%v: %+v", err, st)
			}
		})
	}
}

// Attack 36. The host withholds a removal from a third device. Expected: what is
// written after it, under the new epoch, does not reach that device either, so it
// cannot be led on with it; the verify code of the one that removed says that
// something is missing; when it comes, the removed device is shut out. Seen to
// succeed with CheckCode taking an unknown segment for a match.
func TestAttack36ARemovalWithheld(t *testing.T) {
	w := newWorld(t)
	if err := w.a.Journal.Remove(ctx, w.b.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	w.sync(w.a)
	n := w.name(w.a, w.last(w.a, w.a))
	w.a.Add(t, note("y", 1))
	w.sync(w.a)
	w.host.only(n, nil)
	w.refuses(w.c, nil)
	if err := w.c.Journal.CheckCode(ctx, w.a.Journal.Code()); !errors.Is(err, journal.ErrWaiting) {
		t.Errorf("%v", err)
	}
	w.host.serve = nil
	w.sync(w.c)
	w.forge(w.b, nil, func(*segment.Segment) {})
	w.setsAside(w.c)
	if st, err := w.c.Journal.Status(ctx); err != nil || st.Quarantined != 1 {
		t.Errorf("%v: %+v", err, st)
	}
}

// Attacks 35 and 36. A removed device's entries are applied by one who does not know
// of the removal yet: a record, an edit, a deletion, a new member, and an epoch for
// those who remain that it made itself. Expected: when the removal comes, all of it is
// withdrawn, and the two who had it and had it not are the same. Seen to succeed with
// stand not called.
func TestAttack35And36ARemovalComesLate(t *testing.T) {
	w := newWorld(t)
	w.a.Add(t, note("z", 1), note("v", 1))
	w.sync(w.a, w.b, w.c)
	if err := w.a.Journal.Remove(ctx, w.c.Keys.ID()); err != nil {
		t.Fatal(err)
	}
	before := w.a.Contents(t)
	w.c.Add(t, note("y", 1), note("x", 2))
	w.c.Delete(t, "Condition", "z")
	d := journaltest.Join(t, w.c, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	d.Add(t, note("v", 2))
	w.sync(d, w.b)
	if w.b.Contents(t) == before {
		t.Fatal("nothing was applied")
	}
	w.sync(w.a, w.b, w.a)
	for _, x := range []*journaltest.Device{w.a, w.b} {
		if got := x.Contents(t); got != before {
			t.Errorf("%s has\n%s\nnot\n%s", x.Name, got, before)
		}
		for _, m := range x.Journal.Members() {
			if m.Removed != (m.Name == "c" || m.Name == "d") {
				t.Errorf("%s: %s is a member: %v", x.Name, m.Name, !m.Removed)
			}
		}
		x.Verify(t)
	}
	w.b.Add(t, note("u", 1))
	w.sync(w.b, w.a)
	l := w.last(w.a, w.b)
	if b, err := w.c.Store.State(ctx, "epoch/"+hex.EncodeToString(l.Epoch[:])); err != nil || b != nil {
		t.Errorf("the removed device has the key of what is written now: %v", err)
	}
	if w.a.Contents(t) != w.b.Contents(t) {
		t.Error("they do not go on together")
	}
}

// Attack 34, prepared. A member mints an epoch for everybody but itself, whose key
// it keeps, so that it is the highest once it was removed. Expected: forged. Seen
// to succeed with checkEpochs not asking for the writer among the recipients.
func TestAttack34AnEpochMintedForAfterwards(t *testing.T) {
	w := newWorld(t)
	key := secret.Random(32)
	m := w.minting(w.b, key)
	m.Wraps = sorted(w.wrap(w.b, w.a, m.Epoch, key), w.wrap(w.b, w.c, m.Epoch, key))
	p := m.Encode()
	w.forge(w.b, [][]byte{packed(p)}, func(s *segment.Segment) { s.Entries = entries(vault.KindEpoch, p) })
	w.refuses(w.a, journal.ErrForged)
}
