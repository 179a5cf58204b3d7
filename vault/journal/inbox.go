package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// inboxItem is an epoch's key that this device gives another that lacks it.
type inboxItem struct {
	Recipient [16]byte
	N         uint64
	Epoch     segment.EpochID
	Wrap      []byte
}

const inboxLabel = "phivault/inbox/v1"

// boxes gives the inbox objects that a remote lacks, after writing what is new.
func (j *Journal) boxes(ctx context.Context, name string) (out []engine.Envelope, err error) {
	if err := j.writeInbox(ctx); err != nil {
		return nil, err
	}
	se := j.session(name)
	for _, it := range j.s.Inbox {
		if it.N < j.s.InboxSent[name][it.Recipient] {
			continue
		}
		box := j.keys[j.first].Inbox(it.Recipient)
		n := j.space.Name(segment.InboxName(box, j.self, it.N))
		m := segment.Message{Writer: j.self, Recipient: it.Recipient, Epoch: it.Epoch, Minter: j.s.Epochs[it.Epoch].At.Log.Device, Wrap: it.Wrap}
		plain := m.Signed(func(b []byte) []byte { return j.p.Device.Sign(inboxLabel, b) })
		object, err := seal.Seal(plain, box, seal.Context{VaultID: j.id, Kind: seal.KindInbox, Name: n.String()}, seal.Buckets)
		box.Destroy()
		if err != nil {
			return nil, err
		}
		se.asks[n] = ask{kind: askBoxPut, log: vault.LogID{Device: it.Recipient}, seq: it.N}
		out = append(out, whole(n, object))
	}
	return out, nil
}

// writeInbox finds members that may lack an epoch which this device holds: minted
// without them, or in a segment that is quarantined, and not given at their
// admission.
func (j *Journal) writeInbox(ctx context.Context) error {
	ms := j.s.members(everything)
	changed := false
	for _, d := range ms.devices() {
		m, _ := ms.find(d)
		if d == j.self {
			continue
		}
		for _, e := range j.s.Epochs {
			has := slices.Contains(e.Recipients, d) && j.minted(ms, e) || slices.Contains(m.given, e.ID) || e.ID == j.first
			written := slices.ContainsFunc(j.s.Inbox, func(i inboxItem) bool { return i.Recipient == d && i.Epoch == e.ID })
			if has || written || j.keys[e.ID] == nil {
				continue
			}
			w, err := identity.Wrap(m.public, j.wrapping(j.self, d, e.ID), j.keys[e.ID].Key())
			if err != nil {
				return err
			}
			n := uint64(0)
			for _, i := range j.s.Inbox {
				if i.Recipient == d {
					n++
				}
			}
			j.s.Inbox = append(j.s.Inbox, inboxItem{d, n, e.ID, w})
			changed = true
		}
	}
	if changed {
		return j.save(ctx)
	}
	return nil
}

func (j *Journal) boxSent(ctx context.Context, name string, a ask) error {
	if j.s.InboxSent[name] == nil {
		j.s.InboxSent[name] = map[[16]byte]uint64{}
	}
	j.s.InboxSent[name][a.log.Device] = max(a.seq+1, j.s.InboxSent[name][a.log.Device])
	return j.save(ctx)
}

// takeInbox takes an epoch's key from the own inbox. An own object met at a Put
// is one from before a crash.
func (j *Journal) takeInbox(ctx context.Context, e engine.Envelope, a ask) error {
	object, err := read(e, 64<<10)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	recipient := j.self
	own := a.kind == askBoxPut
	switch {
	case own:
		recipient = a.log.Device
	case a.kind == askOldInbox && j.earlier() == nil:
		return nil
	case a.kind == askOldInbox:
		recipient = j.earlier().ID()
	}
	box := j.keys[j.first].Inbox(recipient)
	defer box.Destroy()
	plain, err := seal.Open(object, box, seal.Context{VaultID: j.id, Kind: seal.KindInbox, Name: e.Name.String()})
	if err != nil {
		return unreadable(err, e.Name)
	}
	m, signed, sig, err := segment.DecodeMessage(plain)
	if err != nil {
		return fmt.Errorf("%w: an inbox object", ErrForged)
	}
	public, ok := j.s.public(m.Writer)
	if !ok {
		public, ok = j.successors()[m.Writer]
	}
	if !ok || !public.Verify(inboxLabel, signed, sig) || m.Recipient != recipient {
		return fmt.Errorf("%w: an inbox object's signature", ErrForged)
	}
	if own && m.Writer == j.self {
		for name, se := range j.syncs {
			if _, mine := se.asks[e.Name]; mine {
				return j.boxSent(ctx, name, a)
			}
		}
	}
	if m.Writer != a.log.Device {
		return fmt.Errorf("%w: an inbox object of another writer", ErrForged)
	}
	before := j.keys[m.Epoch] != nil
	learn, next := j.learn, j.s.InboxRead
	if a.kind == askOldInbox {
		learn, next = j.learnFormer, j.s.OldRead
	}
	if err := learn(ctx, m.Epoch, m.Minter, m.Writer, m.Wrap); err != nil {
		return err
	}
	next[m.Writer] = a.seq + 1
	if err := j.save(ctx); err != nil {
		return err
	}
	if !before && j.keys[m.Epoch] == nil {
		return errors.Join(fmt.Errorf("%w: an epoch's key in the inbox does not open", ErrForged), j.drain(ctx))
	}
	return j.drain(ctx)
}

// successors are the devices that replacements and endings which wait admit. What one of
// those waits for may be sealed under an epoch that only the old device gave away: its
// key signs nothing more, and this one's has what it had. That a key is the epoch's is
// told by the epoch's id, whoever gives it.
func (j *Journal) successors() map[[16]byte]identity.Public {
	out := map[[16]byte]identity.Public{}
	for log, segments := range j.pending.logs {
		h := segments[0]
		if log.Number == 0 || h == nil || len(h.seg.Entries) != 1 || h.seg.Entries[0].Kind != vault.KindMember {
			continue
		}
		p, err := j.p.State.Unpack(h.seg.Entries[0], h.bodies[0])
		if err != nil {
			continue
		}
		m, err := segment.DecodeMember(p)
		if err == nil && m.Replace != nil && m.Replace.Agreed(j.id, log.Device) {
			out[m.Replace.Public.DeviceID()] = m.Replace.Public
		}
	}
	return out
}
