package attacktest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

// entry is one entry of a segment with its body.
type entry struct {
	kind    vault.Kind
	payload []byte
	body    []byte
}

func written(k vault.Kind, payload []byte) entry { return entry{k, payload, packed(payload)} }

// Entries about members, epochs and purges that break a rule each, signed and sealed
// with a member's or an owner's real keys. Expected: forged, by the rule that is meant,
// the database as it was. Each was seen to be applied, or to be stopped by nothing but a
// later rule with another word for it, with its check in check.go removed.
func TestRulesOfMembersAndEpochs(t *testing.T) {
	stranger, other := newKeys(t), newKeys(t)
	genesis, err := identity.NewGenesis(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		t.Fatal(err)
	}
	member := func(m segment.Member) entry { return written(vault.KindMember, m.Encode()) }
	admits := func(d identity.Public, name string) entry {
		return member(segment.Member{Admit: &segment.Admission{Public: d, Name: name}})
	}
	mints := func(change func(*segment.Mint)) func(*world) []entry {
		return func(w *world) []entry {
			key := secret.Random(32)
			m := w.minting(w.b, key)
			m.Wraps = sorted(w.wrap(w.b, w.a, m.Epoch, key), w.wrap(w.b, w.b, m.Epoch, key), w.wrap(w.b, w.c, m.Epoch, key))
			m.Depth = w.depth(w.b) + 1
			change(&m)
			return []entry{written(vault.KindEpoch, m.Encode())}
		}
	}
	just := func(e ...entry) func(*world) []entry { return func(*world) []entry { return e } }
	for name, c := range map[string]struct {
		owner   bool
		entries func(*world) []entry
		says    string
	}{
		"an audit that is gone":        {false, just(entry{vault.KindAudit, []byte("{}"), segment.Gone()}), "no purge can name"},
		"a membership that is gone":    {true, just(entry{vault.KindMember, admits(stranger.Public(), "z").payload, segment.Gone()}), "no purge can name"},
		"a membership without content": {true, just(entry{vault.KindMember, nil, nil}), "without content"},
		"an epoch without content":     {false, just(entry{vault.KindEpoch, nil, nil}), "without content"},
		"a purge without content":      {true, just(entry{vault.KindPurge, nil, nil}), "without content"},
		"a malformed purge":            {true, just(written(vault.KindPurge, []byte{1})), "a purge is malformed"},
		"a member's purge":             {false, just(written(vault.KindPurge, vault.EncodePurge([]vault.Content{{Record: vault.RecordID{1}}}))), "only an owner purges"},
		"another vault's genesis":      {true, just(written(vault.KindMember, genesis)), "of another vault"},
		"a stranger's removal":         {true, just(member(segment.Member{Remove: &segment.Removal{Device: stranger.ID(), None: true}})), "never admitted"},
		"a member removes":             {false, func(w *world) []entry { return []entry{w.removes(w.c)} }, "only an owner"},
		"a member admitted again":      {true, func(w *world) []entry { return []entry{admits(w.b.Keys.Public(), "b")} }, "a second time"},
		"the founder admitted":         {true, func(w *world) []entry { return []entry{admits(w.a.Keys.Public(), "a")} }, "a second time"},
		"one device admitted twice":    {true, just(admits(stranger.Public(), "z"), admits(stranger.Public(), "y")), "a second time"},
		"a stranger named":             {true, just(member(segment.Member{Name: &segment.Naming{Device: stranger.ID(), Name: "z"}})), "never admitted"},
		"another named by a member": {false, func(w *world) []entry {
			return []entry{member(segment.Member{Name: &segment.Naming{Device: w.a.Keys.ID(), Name: "z"}})}
		}, "only an owner names"},
		"an epoch too deep":              {false, mints(func(m *segment.Mint) { m.Depth++ }), "without its place"},
		"an epoch not deep enough":       {false, mints(func(m *segment.Mint) { m.Depth-- }), "without its place"},
		"an epoch of no parent":          {false, mints(func(m *segment.Mint) { m.Parent[0] ^= 1 }), "without its place"},
		"an epoch that is its parent":    {false, mints(func(m *segment.Mint) { m.Parent = m.Epoch }), "without its place"},
		"an epoch of another's id":       {false, mints(func(m *segment.Mint) { m.Epoch[0] ^= 1 }), "not its writer's"},
		"an epoch twice":                 {false, func(w *world) []entry { e := mints(func(*segment.Mint) {})(w); return append(e, e...) }, "without its place"},
		"two devices, and nothing wrong": {true, just(admits(stranger.Public(), "z"), admits(other.Public(), "y")), ""},
		"an epoch, and nothing wrong":    {false, mints(func(*segment.Mint) {}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			by := w.b
			if c.owner {
				by = w.c
			}
			w.writes(by, w.last(by, by), c.entries(w)...)
			before := w.a.Logical(t)
			err := w.a.Sync(w.host)
			switch {
			case c.says == "":
				if err != nil || w.a.Logical(t) == before {
					t.Errorf("the attacker cannot write a good one: %v", err)
				}
			case !errors.Is(err, journal.ErrForged) || !strings.Contains(err.Error(), c.says):
				t.Errorf("%v", err)
			case w.a.Logical(t) != before:
				t.Error("the database changed")
			}
		})
	}
}

// writes puts a segment with these entries behind one of by's log, and gives it.
func (w *world) writes(by *journaltest.Device, after *segment.Segment, es ...entry) (made *segment.Segment) {
	w.t.Helper()
	var bodies [][]byte
	for _, e := range es {
		bodies = append(bodies, e.body)
	}
	w.forgeAfter(by, after, bodies, func(s *segment.Segment) {
		for _, e := range es {
			s.Entries = append(s.Entries, entries(e.kind, e.payload)...)
		}
		made = s
	})
	return made
}

func (w *world) removes(d *journaltest.Device) entry {
	return written(vault.KindMember, segment.Member{Remove: &segment.Removal{Device: d.Keys.ID(), None: true}}.Encode())
}

// depth is that of the epoch that d writes under.
func (w *world) depth(d *journaltest.Device) uint32 {
	w.t.Helper()
	places, err := d.Store.Places(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range places {
		for seq := range p.Seq + 1 {
			l, err := d.Store.Segment(ctx, p.Log, seq)
			if err != nil {
				w.t.Fatal(err)
			}
			for _, e := range l.Entries {
				if e.Header.Kind != vault.KindEpoch {
					continue
				}
				b, err := d.Store.Unpack(e.Header, e.Body)
				if err != nil {
					w.t.Fatal(err)
				}
				if m, err := segment.DecodeMint(b); err == nil && m.Epoch == w.last(d, d).Next {
					return m.Depth
				}
			}
		}
	}
	w.t.Fatal("its epoch is nowhere minted")
	return 0
}

// An epoch that its writer has minted before, in a later segment, and one that another
// minted and that nothing in the writer's past names. Expected: forged. Seen to be taken
// with checkEpochs asking neither whether the epoch is known nor whether it is in the
// past.
func TestEpochsOutOfTheirPlace(t *testing.T) {
	w := newWorld(t)
	key := secret.Random(32)
	m := w.minting(w.b, key)
	m.Depth = w.depth(w.b) + 1
	m.Wraps = sorted(w.wrap(w.b, w.a, m.Epoch, key), w.wrap(w.b, w.b, m.Epoch, key), w.wrap(w.b, w.c, m.Epoch, key))
	first := w.writes(w.b, w.last(w.b, w.b), written(vault.KindEpoch, m.Encode()))
	w.sync(w.a)
	w.writes(w.b, first, written(vault.KindEpoch, m.Encode()))
	w.refuses(w.a, journal.ErrForged)

	w = newWorld(t)
	w.c.Rekey(t)
	w.sync(w.c, w.a)
	unseen := w.last(w.c, w.c).Next
	w.forge(w.b, nil, func(s *segment.Segment) { s.Next = unseen })
	w.refuses(w.a, journal.ErrForged)
}

// A member cites less of another's log than it did before, or the same place with
// another hash. Expected: forged, in that word. Seen to be taken, the first, with the
// comparison in checkHeads removed; the second is then a fork.
func TestAHeadThatGoesBack(t *testing.T) {
	for name, of := range map[string]func(older, newer vault.Place) vault.Place{
		"an older place": func(older, _ vault.Place) vault.Place { return older },
		"another hash":   func(_, newer vault.Place) vault.Place { newer.Hash[0] ^= 1; return newer },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			var places []vault.Place
			for i := range 2 {
				w.a.Add(t, note("y", i))
				w.sync(w.a, w.b)
				w.b.Add(t, note("z", i))
				w.sync(w.b, w.a)
				places = append(places, w.last(w.b, w.a).Place)
			}
			if places[0].Seq >= places[1].Seq {
				t.Fatal("it did not go on")
			}
			w.forge(w.b, nil, func(s *segment.Segment) { s.Heads = []vault.Place{of(places[0], places[1])} })
			before := w.a.Logical(t)
			if err := w.a.Sync(w.host); !errors.Is(err, journal.ErrForged) || !strings.Contains(err.Error(), "goes back") || w.a.Logical(t) != before {
				t.Errorf("%v", err)
			}
		})
	}
}

// A member cites a device that nobody knows. Expected: held, and said what for: its
// admission may be on its way. Seen to be applied with checkHeads not waiting for it.
func TestACitationOfAnUnknownDeviceWaits(t *testing.T) {
	w := newWorld(t)
	unknown := vault.Place{Log: vault.LogID{Device: newKeys(t).ID()}, Hash: vault.Hash{1}}
	w.forge(w.b, nil, func(s *segment.Segment) { s.Heads = []vault.Place{unknown} })
	w.refuses(w.a, nil)
	st, err := w.a.Journal.Status(ctx)
	if err != nil || len(st.Held) != 1 || len(st.Held[0].For) != 1 || st.Held[0].For[0] != unknown {
		t.Errorf("%v: %+v", err, st.Held)
	}
}

// Attack 22, with a member's help. A new device is shown another segment, as well signed,
// in the place that its inviter told it of. Expected: fork, nothing published. Seen to be
// taken with check not comparing what it verified with the floors.
func TestAttack22AnotherSegmentInAFloorsPlace(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("y", 1))
	w.sync(w.b, w.a)
	d := journaltest.Join(t, w.a, w.host, w.dir, "d", segment.RoleMember)
	defer d.Close()
	l := w.last(w.b, w.b)
	w.host.only(w.name(w.b, l), resealed(w, l))
	objects := len(w.host.objects)
	if err := d.Sync(w.host); !errors.Is(err, journal.ErrFork) || len(w.host.objects) != objects {
		t.Errorf("%v", err)
	}
	if d.Has(t, note("y", 1)) {
		t.Error("it has what it was not shown")
	}
}
