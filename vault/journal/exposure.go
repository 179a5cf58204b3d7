package journal

import (
	"context"
	"time"

	"phivault/crypto/seal"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Exposed is one object as a store sees it. Whoever asks for one name after the other
// learns which objects of a log follow each other; Log is how the owner would call what
// is so linked.
type Exposed struct {
	Name remote.Name
	Size int64
	Log  vault.LogID
	// Linked: found by asking for the next name of its log. Objects that are not lie
	// beside it: attachments, large records, packs, epochs for a device that lacks them.
	Linked bool
	Put    time.Time // when its segment was cut, about when it was put first
}

// Exposure gives what a store sees of this vault: of the remote of that name, as far as
// it is known to hold segments; of any that holds everything, for "". It asks nobody.
// Inboxes and packs of other devices' are left out where this one cannot know of them.
func (j *Journal) Exposure(ctx context.Context, name string) (out []Exposed, err error) {
	marks := map[vault.LogID]uint64{}
	if name != "" {
		if marks, err = j.p.Ledger.Marked(ctx, name); err != nil {
			return nil, err
		}
	}
	j.mu.Lock()
	own, ends, keys := j.own, map[vault.LogID]uint64{}, map[segment.EpochID]*segment.Keys{}
	for _, log := range j.logs() {
		ends[log] = j.s.next(log)
		if name != "" {
			ends[log] = min(ends[log], marks[log])
		}
	}
	for id, k := range j.keys {
		keys[id] = k
	}
	for _, it := range j.s.Inbox {
		if name == "" || it.N < j.s.InboxSent[name][it.Recipient] {
			box := j.keys[j.first].Inbox(it.Recipient)
			out = append(out, Exposed{Name: j.space.Name(segment.InboxName(box, j.self, it.N)), Size: seal.Size(inboxSize, seal.Buckets), Log: own})
			box.Destroy()
		}
	}
	j.mu.Unlock()
	for log, end := range ends {
		e := &exposing{j: j, keys: keys, log: log, pack: log.Device == j.self}
		for seq := range end {
			if err := e.segment(ctx, seq); err != nil {
				return nil, err
			}
		}
		out = append(out, e.out...)
	}
	return out, nil
}

// inboxSize is about that of an inbox object's plaintext; all lie in one bucket.
const inboxSize = 1500

type exposing struct {
	j    *Journal
	keys map[segment.EpochID]*segment.Keys
	log  vault.LogID
	out  []Exposed

	pack  bool // this device packs the log
	begun segment.EpochID
	whole bool // all of the pack that is being summed are of one epoch
	sum   int
}

func (e *exposing) segment(ctx context.Context, seq uint64) error {
	l, err := e.j.p.Ledger.Segment(ctx, e.log, seq)
	if err != nil {
		return err
	}
	s, err := segment.FromLedger(l)
	if err != nil {
		return err
	}
	k := e.keys[s.Epoch]
	if k == nil { // quarantined, under an epoch that is not ours
		return nil
	}
	bodies := bodiesOf(l)
	n := len(segment.Plaintext(s, bodies))
	add := func(id [32]byte, size int64, linked bool) {
		e.out = append(e.out, Exposed{e.j.space.Name(id), seal.Size(size, seal.Buckets), e.log, linked, s.Clock})
	}
	add(k.SegmentName(e.log, seq), int64(n), true)
	for i, h := range s.Entries {
		switch {
		case segment.Apart(bodies[i]):
			add(k.PayloadName(h.Payload), int64(len(bodies[i])), false)
		case h.Kind == vault.KindBlob && bodies[i] != nil && !segment.IsGone(bodies[i]):
			note, err := e.j.readNote(h, bodies[i])
			if err != nil {
				return err
			}
			r, size, err := e.j.p.Blobs.PackBlob(ctx, note.sum)
			if err != nil {
				return err
			}
			_ = r.Close()
			add(note.name, size, false)
		}
	}
	e.packed(seq, s, k, n, add)
	return nil
}

// packed sums up what travels together once more.
func (e *exposing) packed(seq uint64, s *segment.Segment, k *segment.Keys, n int, add func([32]byte, int64, bool)) {
	if seq%segment.PackSize == 0 {
		e.begun, e.whole, e.sum = s.Epoch, true, 0
	}
	e.whole = e.whole && s.Epoch == e.begun
	if e.sum += 4 + n; e.pack && seq%segment.PackSize == segment.PackSize-1 && e.whole && e.sum <= segment.MaxPack {
		add(k.PackName(e.log, seq+1-segment.PackSize), int64(e.sum), false)
	}
}
