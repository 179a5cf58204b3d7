package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"phivault/crypto/seal"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// What a device does when a name of its log is taken at a remote: it goes on in
// another log, whose first object carries what could not be put. See "Create-only,
// and going on in another log" in sync/PROTOCOL.md.

const (
	mostTaken    = 16      // logs in a row whose first name is taken at a remote
	mostCarrying = 7 << 19 // bytes of what one object carries, within segment.MaxSize
)

// carried is a segment that came in another's object.
type carried struct {
	object []byte
	from   string // remote
}

// continued is the place that the first segment of a later log continues: of the
// places in its device's logs that it cites, the one in the highest that is not a
// replacement's.
func (s *state) continued(c *checked) (p vault.Place, ok bool) {
	if !c.seg.Later() || c.replaces() {
		return p, false
	}
	return s.from(c.seg)
}

func (s *state) from(seg *segment.Segment) (p vault.Place, ok bool) {
	for _, h := range seg.Heads { // ascending
		if l := s.Logs[h.Log]; h.Log.Device == seg.Place.Log.Device && h.Log.Number < seg.Place.Log.Number && l != nil && !l.Alone {
			p, ok = h, true
		}
	}
	return p, ok
}

// checkContinues holds the first segment of a later log to what it continues.
func (j *Journal) checkContinues(ctx context.Context, c *checked, l *logState) error {
	s := c.seg
	if l != nil && l.Done {
		return j.fork(ctx, s.Place, s)
	}
	if !s.Later() {
		return nil
	}
	p, ok := j.s.from(s)
	if !ok && !c.replaces() || s.Prev != p.Hash {
		return at(ErrForged, s.Place, "it does not continue its device's log")
	}
	if o := j.s.Logs[p.Log]; !c.replaces() && (o.Done || o.Last != p) {
		return j.fork(ctx, s.Place, s)
	}
	return nil
}

func (j *Journal) closed(log vault.LogID) bool {
	l := j.s.Logs[log]
	return l != nil && l.Done
}

func (j *Journal) taken(remote string, p spot) bool {
	return slices.ContainsFunc(j.s.Taken[remote], func(t takenSpot) bool { return t.Spot == p })
}

// highest is the highest log of a device that is known here.
func (j *Journal) highest(device [16]byte) (n uint64) {
	for log := range j.s.Logs {
		if log.Device == device {
			n = max(n, log.Number)
		}
	}
	if j.own.Device == device {
		n = max(n, j.own.Number)
	}
	return n
}

// later are the logs that members may have gone on in.
func (j *Journal) later(remote string, se *session) (logs []vault.LogID) {
	ms := j.s.members(everything)
	for _, m := range ms.all {
		if _, gone := ms.removed[m.device]; gone && j.s.enoughOf(ms, m.device) {
			continue
		}
		log := vault.LogID{Device: m.device, Number: j.highest(m.device) + 1}
		logs = append(logs, log)
		for n := 1; n < mostTaken && j.s.Blocked[remote][log] && !se.blocked[log]; n++ {
			log.Number++
			logs = append(logs, log)
		}
	}
	return logs
}

// mustBeMine reports whether a segment can only have been written by a later state
// of this device. A replacement may be a copy's, which is another device from then
// on.
func (j *Journal) mustBeMine(s *segment.Segment) bool {
	alone := s.Later() && s.Last && len(s.Entries) == 1 && s.Entries[0].Kind == vault.KindMember
	return s.Place.Log.Device == j.self && s.Place.Log.Number >= j.own.Number && !alone
}

// meetTaken deals with an object that does not open where a segment should be.
// done says that nothing is wrong with that.
func (j *Journal) meetTaken(ctx context.Context, name string, se *session, a ask) (done bool, err error) {
	p := spot{a.log, a.seq}
	switch {
	case a.kind == askReplace:
		done, j.again = true, true
		fallthrough
	case a.kind == askSegment && a.seq == 0 && a.log.Number > 0:
		if j.s.Blocked[name] == nil {
			if j.s.Blocked == nil {
				j.s.Blocked = map[string]map[vault.LogID]bool{}
			}
			j.s.Blocked[name] = map[vault.LogID]bool{}
		}
		se.blocked[a.log] = !j.s.Blocked[name][a.log]
		j.s.Blocked[name][a.log] = true
		return done, j.save(ctx)
	case a.kind != askPut:
		return false, nil
	}
	j.take(name, p, 0)
	if j.before != nil && a.log.Device == j.before.ID() {
		if err := j.escort(ctx, name, a.log); err != nil {
			return true, err // told by each sync, which tries again
		}
	}
	if err := j.sent(ctx, name, se, a); err != nil {
		return true, err
	}
	if a.log.Device != j.self {
		return true, j.save(ctx)
	}
	m, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return true, err
	}
	if a.log == j.own || m[j.own] > 0 {
		return true, j.goOn(ctx, name)
	}
	return true, j.save(ctx) // the present log's first object is still to go, and carries it
}

// take remembers that a place's name is taken, and what carries it there.
func (j *Journal) take(name string, p spot, by uint64) {
	if j.s.Taken == nil {
		j.s.Taken = map[string][]takenSpot{}
	}
	for i, t := range j.s.Taken[name] {
		if t.Spot == p {
			j.s.Taken[name][i].By = max(t.By, by)
			return
		}
	}
	j.s.Taken[name] = append(j.s.Taken[name], takenSpot{p, by})
}

// carries notes what the first object of an own later log brought to a remote. What
// was found to be taken meanwhile needs another one.
func (j *Journal) carries(ctx context.Context, name string, log vault.LogID, with []spot) error {
	for _, p := range with {
		j.take(name, p, log.Number)
	}
	if len(with) > 0 {
		if err := j.save(ctx); err != nil {
			return err
		}
	}
	left := slices.ContainsFunc(j.s.Taken[name], func(t takenSpot) bool { return t.Spot.Log.Device == j.self && t.By == 0 })
	if m, err := j.p.Ledger.Marked(ctx, name); err != nil || !left || m[j.own] == 0 || j.own.Number == 0 {
		return err
	}
	return j.goOn(ctx, name)
}

// goOn leaves the own log for another. What it has is cut before, so that nothing
// but audit goes over.
func (j *Journal) goOn(ctx context.Context, name string) error {
	row := 0
	for n := j.own.Number; n > 0 && j.taken(name, spot{Log: vault.LogID{Device: j.self, Number: n}}); n-- {
		row++
	}
	if row >= mostTaken {
		return at(ErrUnreadable, vault.Place{Log: j.own}, "every name that this device could go on under is taken")
	}
	if err := j.cut(ctx); err != nil {
		return err
	}
	next := vault.LogID{Device: j.self, Number: j.highest(j.self) + 1}
	b, err := j.s.encode()
	if err != nil {
		return err
	}
	if err := j.p.Ledger.Continue(ctx, next, j.s.next(j.own), map[string][]byte{stateKey: b}); err != nil {
		return err
	}
	j.own, j.unsaved = next, 0
	j.again = true
	return j.cut(ctx)
}

// carry gives what the object of a segment has to carry to a remote.
func (j *Journal) carry(ctx context.Context, name string, s *segment.Segment) (out []segment.Carried, err error) {
	if !s.Later() {
		return nil, nil
	}
	j.mu.Lock()
	spots := slices.Clone(j.s.Taken[name])
	j.mu.Unlock()
	slices.SortFunc(spots, func(a, b takenSpot) int {
		return segment.ComparePlaces(a.Spot.Log, a.Spot.Seq, b.Spot.Log, b.Spot.Seq)
	})
	size := 0
	for _, t := range spots {
		p := t.Spot
		if p.Log.Device != s.Place.Log.Device || p.Log.Number >= s.Place.Log.Number || t.By != 0 && t.By != s.Place.Log.Number {
			continue
		}
		object, err := j.object(ctx, p)
		if err != nil {
			return nil, err
		}
		if size += len(object) + 20; size > mostCarrying {
			break
		}
		out = append(out, segment.Carried{Number: p.Log.Number, Seq: p.Seq, Object: object})
	}
	return out, nil
}

// object seals a segment for its own name.
func (j *Journal) object(ctx context.Context, p spot) ([]byte, error) {
	l, s, k, err := j.sealable(ctx, p)
	if err != nil {
		return nil, err
	}
	return segment.Seal(s, bodiesOf(l), j.id, k, j.space.Name(k.SegmentName(p.Log, p.Seq)))
}

// takeCarried keeps what a segment's object carries until its turn comes.
func (j *Journal) takeCarried(ctx context.Context, name string, s *segment.Segment) error {
	for _, c := range s.Carried {
		p := spot{vault.LogID{Device: s.Place.Log.Device, Number: c.Number}, c.Seq}
		j.take(name, p, s.Place.Log.Number)
		if c.Seq >= j.s.next(p.Log) && j.pending.carried[p] == nil && j.pending.bytes+int64(len(c.Object)) <= maxHeldBytes {
			j.pending.carried[p] = &carried{c.Object, name}
			j.pending.bytes += int64(len(c.Object))
		}
	}
	if len(s.Carried) == 0 {
		return nil
	}
	return j.save(ctx)
}

// openCarried opens what was carried and comes next in its log, as if it had been
// found under its name.
func (j *Journal) openCarried() error {
	for p, c := range j.pending.carried {
		next := j.s.next(p.Log)
		for j.pending.logs[p.Log][next] != nil {
			next++
		}
		if p.Seq > next {
			continue
		}
		delete(j.pending.carried, p)
		j.pending.bytes -= int64(len(c.object))
		if p.Seq < next {
			continue
		}
		e := j.first
		if l := j.s.Logs[p.Log]; l != nil {
			e = l.Next
		}
		if h := j.pending.logs[p.Log][p.Seq-1]; p.Seq > 0 && h != nil {
			e = h.seg.Next
		}
		k := j.keys[e]
		if k == nil {
			continue // asked for again when the epoch's key is here
		}
		s, bodies, err := segment.Open(c.object, j.id, k, j.space.Name(k.SegmentName(p.Log, p.Seq)))
		if errors.Is(err, seal.ErrOpen) {
			return at(ErrForged, vault.Place{Log: p.Log, Seq: p.Seq}, "what is carried in its stead does not open")
		}
		if err != nil {
			return at(ErrForged, vault.Place{Log: p.Log, Seq: p.Seq}, "what is carried in its stead is not a segment")
		}
		public, known := j.s.public(p.Log.Device)
		if s.VaultID != j.id || s.Place.Log != p.Log || s.Place.Seq != p.Seq || s.Epoch != e || !known || !s.Verify(public) {
			return at(ErrForged, vault.Place{Log: p.Log, Seq: p.Seq}, "what is carried in its stead is not its writer's")
		}
		s.Carried = nil
		if !j.pending.hold(&held{seg: s, bodies: bodies, size: int64(len(c.object)), from: c.from}) {
			return fmt.Errorf("%w: for more than %d segments", ErrWaiting, maxHeld)
		}
		return j.openCarried() // what follows it may be next now
	}
	return nil
}

// Again reports, once, that a sync changed what there is to be sent: it went on in
// another log, or a replacement went out. Sync once more.
func (j *Journal) Again() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	again := j.again
	j.again = false
	return again
}
