package journal

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// session is one sync with one remote.
type session struct {
	asks    map[remote.Name]ask
	stop    map[remote.Name]bool   // of asks: nothing there, or nothing that opens
	hit     map[vault.LogID]bool   // something new was there, since the last questions
	ahead   map[vault.LogID]uint64 // names asked for at once
	over    bool
	blocked map[vault.LogID]bool // found in this sync: it asks no further for that
	boxed   bool                 // the inbox was asked
	posts   map[post]uint64      // the first object that was asked for
	refused error                // why nothing may be pushed
	sent    map[vault.LogID]map[uint64]bool

	pushed, pulled engine.Tally
}

// ask is what a name was asked for, or put.
type ask struct {
	kind  askKind
	log   vault.LogID
	seq   uint64
	epoch segment.EpochID
	need  need
	with  []spot // of a put: what the object carries
	count int    // entries of what is put
}

type askKind uint8

const (
	askSegment  askKind = iota
	askVerified         // a segment that this remote is known to hold
	askNeed
	askInbox
	askPut    // an own Put that met something
	askBoxPut // the same, into an inbox
	askPack
	askOwnPack  // an own Put of one
	askReplace  // a replacement
	askOldInbox // the inbox of the device that this one was
)

func (j *Journal) session(name string) *session {
	s := j.syncs[name]
	if s == nil {
		s = &session{asks: map[remote.Name]ask{}, stop: map[remote.Name]bool{}, hit: map[vault.LogID]bool{}, blocked: map[vault.LogID]bool{}, posts: map[post]uint64{},
			ahead: map[vault.LogID]uint64{}, sent: map[vault.LogID]map[uint64]bool{}}
		j.syncs[name] = s
		clear(j.absent)
	}
	return s
}

// Wanted gives what to ask a remote for; see engine.Journal.
func (j *Journal) Wanted(ctx context.Context, name string) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		// What answers led to meanwhile is asked for at once: whoever asks for many
		// names at a time has always enough of them.
		for first := true; ; first = false {
			j.mu.Lock()
			names, err := j.wanted(ctx, name, first)
			j.mu.Unlock()
			if err != nil {
				yield(remote.Name{}, err)
				return
			}
			for _, n := range names {
				if !yield(n, nil) {
					return
				}
			}
			if len(names) == 0 {
				return
			}
		}
	}
}

// wanted gives names that were not given yet. The first look of a sequence that
// finds none ends the sync.
func (j *Journal) wanted(ctx context.Context, name string, first bool) (names []remote.Name, err error) {
	if se := j.syncs[name]; se != nil && se.over && first {
		delete(j.syncs, name)
	}
	se := j.session(name)
	add := func(n remote.Name, a ask) {
		if _, asked := se.asks[n]; !asked {
			se.asks[n] = a
			names = append(names, n)
		}
	}
	marks, err := j.p.Ledger.Marked(ctx, name)
	if err != nil {
		return nil, err
	}
	for n, d := range j.pending.need { // first: segments wait for them
		add(n, ask{kind: askNeed, need: d})
	}
	later := j.later(name, se)
	openings := func(own bool) {
		for _, log := range later {
			if own == (log.Device == j.self) {
				add(j.space.Name(j.keys[j.first].SegmentName(log, 0)), ask{kind: askSegment, log: log, epoch: j.first})
			}
		}
	}
	// An end of the own keys says more than what else an older copy of this database
	// would come upon in its own logs.
	openings(true)
	inbox := false
	for _, log := range j.logs() {
		epoch, err := j.wantedOf(ctx, name, se, log, marks[log], add)
		if err != nil {
			return nil, err
		}
		inbox = inbox || !epoch
		if !epoch && se.boxed && first {
			j.absent[log] = true
		}
	}
	openings(false)
	if inbox {
		j.askInbox(se, askInbox, j.self, j.s.InboxRead, add)
		if j.earlier() != nil {
			j.askInbox(se, askOldInbox, j.earlier().ID(), j.s.OldRead, add)
		}
	}
	if first {
		se.boxed = se.boxed || inbox
	}
	if n := j.pending.count; first && len(names) == 0 && len(j.absent) > 0 && n > 0 {
		// What quarantined segments were waited for is known to be absent only now.
		if err := j.drain(ctx); err != nil || j.pending.count == n {
			se.over = true
			return nil, err
		}
		return j.wanted(ctx, name, first)
	}
	se.over = first && len(names) == 0
	return names, nil
}

// post is what one writer puts into an inbox.
type post struct {
	box  askKind
	from [16]byte
}

// mostPosts is how many objects of one writer a sync takes from an inbox.
const mostPosts = 64

// askInbox asks for what each other member put next into an inbox, and each device
// that would be one if what waits were applied.
func (j *Journal) askInbox(se *session, kind askKind, of [16]byte, next map[[16]byte]uint64, add func(remote.Name, ask)) {
	box := j.keys[j.first].Inbox(of)
	defer box.Destroy()
	ms := j.s.members(everything)
	writers := ms.devices() // others have what one that was removed had
	for d := range j.successors() {
		writers = append(writers, d)
	}
	for _, d := range writers {
		p := post{kind, d}
		first, asked := se.posts[p]
		if !asked {
			first = next[d]
			se.posts[p] = first
		}
		if n := next[d]; d != of && d != j.self && n < first+mostPosts {
			add(j.space.Name(segment.InboxName(box, d, n)), ask{kind: kind, log: vault.LogID{Device: d}, seq: n})
		}
	}
}

// logs are all that may be at a remote, the own one included.
func (j *Journal) logs() []vault.LogID {
	var ids []vault.LogID
	for id := range j.s.Logs {
		ids = append(ids, id)
	}
	for _, m := range j.s.members(everything).all {
		if id := (vault.LogID{Device: m.device}); j.s.Logs[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, segment.CompareLogs)
	return ids
}

// wantedOf asks for one log: the last segment that the remote was seen to hold,
// the next, and after a hit some more. Of the own log there must be no next. It is false when the log goes on under an
// epoch whose key is not here.
func (j *Journal) wantedOf(ctx context.Context, at string, se *session, log vault.LogID, mark uint64, add func(remote.Name, ask)) (bool, error) {
	name := func(seq uint64, e segment.EpochID, kind askKind) remote.Name {
		n := j.space.Name(j.keys[e].SegmentName(log, seq))
		add(n, ask{kind: kind, log: log, seq: seq, epoch: e})
		return n
	}
	if mark > 0 && j.s.Logs[log] != nil && !j.taken(at, spot{log, mark - 1}) {
		e, err := j.epochOf(ctx, log, mark-1)
		if err != nil {
			return true, err
		}
		if j.keys[e] != nil {
			name(mark-1, e, askVerified)
		}
	}
	switch {
	case j.full(log), j.closed(log), j.stopped[log] && !j.awaited(log):
		return true, nil
	case log == j.own:
		// Something there is from a copy of this device that went on.
		mark = j.s.next(log)
	}
	// Doubling: one edit of another device costs two questions in vain, and a log
	// far behind soon comes in heaps.
	depth := max(se.ahead[log], 1)
	if se.hit[log] {
		depth = min(2*depth, lookAhead)
		delete(se.hit, log)
	}
	se.ahead[log] = depth
	if j.farBehind(se, log, mark) {
		e, err := j.epochOf(ctx, log, mark)
		if err != nil || j.keys[e] == nil {
			return err != nil, err
		}
		n := j.space.Name(j.keys[e].PackName(log, mark))
		if add(n, ask{kind: askPack, log: log, seq: mark, epoch: e}); !se.stop[n] {
			return true, nil
		}
	}
	end := mark + depth
	if depth == lookAhead { // where the next pack begins, if there is one
		end = min(end, (mark/segment.PackSize+1)*segment.PackSize)
	}
	for seq := mark; seq < end; seq++ {
		e, err := j.epochOf(ctx, log, seq)
		if err != nil {
			return true, err
		}
		if j.keys[e] == nil {
			return false, nil
		}
		if j.pending.logs[log][seq] != nil || j.pending.carried[spot{log, seq}] != nil {
			continue
		}
		if seq > mark && j.pending.bytes > enoughHeld {
			break // the next of a log is always asked for: something of all that waits can go on
		}
		if se.stop[name(seq, e, askSegment)] {
			break
		}
	}
	return true, nil
}

// epochOf gives the epoch that a segment is named under; for one further ahead
// than is known, the last that was named.
func (j *Journal) epochOf(ctx context.Context, log vault.LogID, seq uint64) (segment.EpochID, error) {
	if seq == 0 {
		return j.first, nil
	}
	l := j.s.Logs[log]
	if l != nil && seq <= l.Last.Seq {
		if seq == l.Last.Seq {
			return l.Epoch, nil
		}
		s, err := j.p.Ledger.Segment(ctx, log, seq)
		if err != nil {
			return segment.EpochID{}, err
		}
		d, err := segment.FromLedger(s)
		if err != nil {
			return segment.EpochID{}, fmt.Errorf("%w: a segment in the ledger", vault.ErrIntegrity)
		}
		return d.Epoch, nil
	}
	e := j.first
	if l != nil {
		e = l.Next
	}
	for n := j.s.next(log); n < seq; n++ {
		if h := j.pending.logs[log][n]; h != nil {
			e = h.seg.Next
		}
	}
	return e, nil
}

// Missing says that nothing is there; see engine.Journal.
func (j *Journal) Missing(ctx context.Context, name string, n remote.Name) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	a, ok := se.asks[n]
	if !ok {
		return nil
	}
	se.stop[n] = true
	if a.kind == askSegment {
		delete(se.ahead, a.log)
	}
	if a.kind == askVerified {
		p := vault.Place{Log: a.log, Seq: a.seq}
		se.refused = j.gone(p, "is absent")
		return se.refused
	}
	if a.kind == askSegment && a.seq == j.s.next(a.log) && a.log != j.own {
		j.absent[a.log] = true
	}
	return nil
}
