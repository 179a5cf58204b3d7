package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Outgoing cuts what the own log has not cut yet and gives all that a remote
// lacks; see engine.Journal.
func (j *Journal) Outgoing(ctx context.Context, name string) iter.Seq2[engine.Envelope, error] {
	return func(yield func(engine.Envelope, error) bool) {
		asks, boxes, err := j.prepare(ctx, name)
		if err != nil {
			yield(engine.Envelope{}, err)
			return
		}
		for _, e := range boxes {
			if !yield(e, nil) {
				return
			}
		}
		for _, a := range asks {
			give := j.seal
			if a.kind == askOwnPack {
				give = j.pack
			}
			envelopes, err := give(ctx, name, a)
			if err != nil {
				yield(engine.Envelope{}, err)
				return
			}
			for _, e := range envelopes {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// prepare cuts, and lists what is to be put.
func (j *Journal) prepare(ctx context.Context, name string) (asks []ask, boxes []engine.Envelope, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	silent := j.mute()
	switch {
	case se.refused != nil:
		return nil, nil, se.refused
	case silent != nil:
		return nil, nil, silent
	case len(j.lacking) > 0:
		return nil, nil, at(ErrWaiting, j.lacking[0], "it came without contents that no purge names")
	case len(j.s.Floors) > 0:
		return nil, nil, at(ErrWaiting, j.s.Floors[0], "the inviting device had seen it and it is not here yet")
	}
	if err := errors.Join(j.dropFormer(ctx), j.dropBefore(ctx)); err != nil {
		return nil, nil, err
	}
	marks, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	switch ms := j.s.members(everything); {
	case j.former != nil && ms.is(j.former.ID()):
		boxes, err := j.offer(ctx, name)
		return nil, boxes, err
	case !ms.is(j.self) && j.s.members(j.told(marks)).is(j.self):
		return j.lacks(marks), nil, nil
	case !ms.is(j.self):
		return nil, nil, nil
	}
	if err := j.settle(ctx); err != nil {
		return nil, nil, err
	}
	if err := j.cut(ctx); err != nil {
		return nil, nil, err
	}
	if err := j.beat(ctx); err != nil {
		return nil, nil, err
	}
	boxes, err = j.boxes(ctx, name)
	return j.lacks(marks), boxes, err
}

// told is what the readers of a remote can know of this device: without what it
// has signed and not put there. Its own removal of another may be what makes a
// third one's removal of itself count; the others learn that only when it says so.
func (j *Journal) told(marks map[vault.LogID]uint64) past {
	return func(log vault.LogID, seq uint64) bool { return log.Device != j.self || seq < marks[log] }
}

// lacks are the segments that a remote with these marks may lack.
func (j *Journal) lacks(marks map[vault.LogID]uint64) (asks []ask) {
	for _, log := range j.logs() {
		for seq := marks[log]; seq < j.s.next(log); seq++ {
			asks = append(asks, ask{kind: askPut, log: log, seq: seq})
			if log == j.own && seq%segment.PackSize == segment.PackSize-1 {
				asks = append(asks, ask{kind: askOwnPack, log: log, seq: seq + 1 - segment.PackSize})
			}
		}
	}
	return asks
}

// sealable gives a segment with all its contents, and its epoch's keys.
func (j *Journal) sealable(ctx context.Context, p spot) (l vault.Segment, s *segment.Segment, k *segment.Keys, err error) {
	if l, err = j.p.Ledger.Segment(ctx, p.Log, p.Seq); err != nil {
		return l, nil, nil, err
	}
	if s, err = segment.FromLedger(l); err != nil {
		return l, nil, nil, fmt.Errorf("%w: a segment in the ledger", vault.ErrIntegrity)
	}
	j.mu.Lock()
	k = j.keys[s.Epoch]
	j.mu.Unlock()
	if k == nil {
		return l, nil, nil, fmt.Errorf("%w: an epoch's key is gone", vault.ErrIntegrity)
	}
	if i := slices.IndexFunc(l.Entries, func(e vault.SegmentEntry) bool { return e.Body == nil && e.Header.Length > 0 && !e.Gone }); i >= 0 {
		return l, nil, nil, fmt.Errorf("%w: %w", vault.ErrIntegrity, at(ErrWaiting, s.Place, "a content of it is not here"))
	}
	return l, s, k, nil
}

// seal gives a segment's envelopes, what it cites before it.
func (j *Journal) seal(ctx context.Context, name string, a ask) ([]engine.Envelope, error) {
	l, s, k, err := j.sealable(ctx, spot{a.log, a.seq})
	if err != nil {
		return nil, err
	}
	out, err := j.beside(ctx, s, bodiesOf(l), k)
	if err != nil {
		return nil, err
	}
	if s.Carried, err = j.carry(ctx, name, s); err != nil {
		return nil, err
	}
	n := j.space.Name(k.SegmentName(a.log, a.seq))
	object, err := segment.Seal(s, bodiesOf(l), j.id, k, n)
	if err != nil {
		return nil, err
	}
	a.epoch, a.count = s.Epoch, len(s.Entries)
	for _, c := range s.Carried {
		a.with = append(a.with, spot{vault.LogID{Device: a.log.Device, Number: c.Number}, c.Seq})
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	for _, e := range out {
		if i := slices.IndexFunc(s.Entries, func(h vault.Header) bool { return j.space.Name(k.PayloadName(h.Payload)) == e.Name }); i >= 0 {
			se.asks[e.Name] = ask{kind: askNeed, need: need{epoch: s.Epoch, header: s.Entries[i]}}
			continue
		}
		for i, h := range s.Entries {
			if h.Kind != vault.KindBlob || l.Entries[i].Gone {
				continue
			}
			if n, err := j.readNote(h, l.Entries[i].Body); err == nil && j.space.Name(n.name) == e.Name {
				se.asks[e.Name] = ask{kind: askNeed, need: need{epoch: s.Epoch, header: h, blob: n}}
			}
		}
	}
	se.asks[n] = a
	return append(out, whole(n, object)), nil
}

// whole is an envelope of an object in memory.
func whole(n remote.Name, object []byte) engine.Envelope {
	return engine.Envelope{Name: n, Size: int64(len(object)), Open: func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(object)), nil
	}}
}

// Sent says that an object was put; see engine.Journal.
func (j *Journal) Sent(ctx context.Context, name string, n remote.Name) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	a, ok := se.asks[n]
	switch {
	case !ok:
		return fmt.Errorf("%w: %s", ErrUnasked, n)
	case a.kind == askPut:
		count(&se.pushed, a.count)
		if err := j.sent(ctx, name, se, a); err != nil {
			return err
		}
		return j.carries(ctx, name, a.log, a.with)
	case a.kind == askReplace:
		return j.offered(ctx, name, a.log)
	case a.kind == askBoxPut:
		return j.boxSent(ctx, name, a)
	}
	return nil
}

// sent moves a log's mark over everything that was put without a gap.
func (j *Journal) sent(ctx context.Context, name string, se *session, a ask) error {
	if se.sent[a.log] == nil {
		se.sent[a.log] = map[uint64]bool{}
	}
	se.sent[a.log][a.seq] = true
	m, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return err
	}
	next := m[a.log]
	for se.sent[a.log][next] {
		next++
	}
	if next == m[a.log] {
		return nil
	}
	return j.p.Ledger.Mark(ctx, name, a.log, next)
}

var (
	errSwitch = errors.New("an empty segment first")
	errQuiet  = errors.New("nothing worth a segment")
	errSmall  = errors.New("better in several segments")
)

// limits cut so that a segment's object fills the bucket of size.
func (j *Journal) limits(size int64) vault.CutLimits {
	// One more head than there are logs: a segment may be the first to cite one.
	return vault.CutLimits{Entries: segment.MaxEntries, Bytes: segment.Room(size, len(j.s.Logs)+1), Apart: segment.MaxInline}
}

// cut cuts all that the own log has.
func (j *Journal) cut(ctx context.Context) error {
	if err := j.mayCut(ctx); err != nil {
		return err
	}
	limits := j.limits(segment.TargetSize)
	if j.own.Number > 0 && j.s.Logs[j.own] == nil {
		limits = vault.CutLimits{Empty: true} // what closes the log before, whether or not there is more
	}
	return j.cutWith(ctx, limits)
}

// cutWith cuts all, the first segment within limits.
func (j *Journal) cutWith(ctx context.Context, limits vault.CutLimits) error {
	for {
		l, ok, err := j.p.Ledger.Cut(ctx, limits, j.sign)
		switch {
		case errors.Is(err, errQuiet):
			j.dels.own = j.dels.all
			return nil
		case errors.Is(err, errSwitch):
			limits = vault.CutLimits{Empty: true}
			continue
		case errors.Is(err, errSmall):
			limits = j.limits(segment.SmallSize)
			continue
		case err != nil:
			return err
		case !ok:
			j.dels.own = j.dels.all
			return nil
		}
		limits = j.limits(segment.TargetSize)
		c, err := j.readBack(l)
		if err != nil {
			return err
		}
		if err := j.took(ctx, c); err != nil {
			return err
		}
	}
}

// sign makes the segment of a draft. It is called within the ledger's
// transaction and must not call the ledger or the store.
func (j *Journal) sign(d vault.Draft) ([]byte, vault.Hash, error) {
	s := &segment.Segment{VaultID: j.id, Place: vault.Place{Log: d.Log, Seq: d.Seq}, Prev: d.Prev, Epoch: j.first,
		Clock: d.Clock, Heads: d.Heads, Entries: d.Entries, Made: segment.Runs(d.Made)}
	if l := j.s.Logs[j.own]; l != nil {
		s.Epoch = l.Next
	} else if p, ok := j.s.continued(&checked{seg: s}); ok {
		s.Prev = p.Hash
	}
	if d.Seq != j.s.next(j.own) {
		return nil, vault.Hash{}, fmt.Errorf("%w: the own log moved without the journal", vault.ErrIntegrity)
	}
	quiet := !slices.ContainsFunc(d.Entries, func(h vault.Header) bool { return h.Kind != vault.KindAudit })
	if quiet && !j.beating && len(d.Entries) > 0 && len(d.Entries) < segment.MaxEntries && !d.More {
		return nil, vault.Hash{}, errQuiet
	}
	// Up to three small objects are less than the large one that all would be in.
	if small := j.limits(segment.SmallSize).Bytes; len(d.Entries) > 1 && d.Bytes > small && d.Bytes <= 3*small {
		return nil, vault.Hash{}, errSmall
	}
	var err error
	if s.Next, err = j.nextEpoch(s); err != nil {
		return nil, vault.Hash{}, err
	}
	s.Sign(j.p.Device)
	return s.Head(), s.Place.Hash, nil
}

// nextEpoch chooses what an own segment names next. What was written before an
// epoch was minted here leaves with it, under the old one; an epoch of another's
// is entered by an empty segment, so that nothing more is sealed under the old.
func (j *Journal) nextEpoch(s *segment.Segment) (segment.EpochID, error) {
	if m := j.pending.mint; m != nil {
		i := slices.IndexFunc(s.Entries, func(h vault.Header) bool { return h.Kind == vault.KindEpoch && h.Payload == m.payload })
		switch {
		case j.opens(s) && len(s.Entries) == 0:
			if id, ok := j.choose(); ok {
				return id, nil
			}
			return j.heldBy(s.Epoch), nil
		case j.opens(s) && (i < 0 || len(s.Entries) > 1):
			return s.Epoch, errSwitch
		case i < 0:
			return s.Epoch, nil
		}
		j.pending.mint = nil
		if slices.Equal(m.info.Recipients, j.s.members(everything, m.after...).devices()) {
			return m.id, nil
		}
		return s.Epoch, nil
	}
	want, ok := j.choose()
	if !ok {
		want = s.Epoch
	}
	// The genesis epoch names the first segment of every log, and every device
	// that ever was a member has its key.
	if len(s.Entries) > 0 && (j.opens(s) || want != s.Epoch) {
		return s.Epoch, errSwitch
	}
	return want, nil
}

// opens reports whether the segment is the first of an own log and written under
// an epoch that is not known to be the members'.
func (j *Journal) opens(s *segment.Segment) bool {
	return s.Place.Seq == 0 && (s.Place.Log.Number > 0 || j.s.Events[0].By != j.self)
}

// Reupload forgets what a remote is known to hold, so that the next sync puts
// everything there again: for a remote that lost objects, at its owner's word.
func (j *Journal) Reupload(ctx context.Context, name string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	marks, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return err
	}
	for log := range marks {
		if err := j.p.Ledger.Mark(ctx, name, log, 0); err != nil {
			return err
		}
	}
	delete(j.syncs, name)
	delete(j.s.InboxSent, name)
	return j.save(ctx)
}
