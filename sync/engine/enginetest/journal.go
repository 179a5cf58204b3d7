package enginetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"iter"
	"slices"
	"sync"

	"phivault/sync/engine"
	"phivault/sync/remote"
)

// Journal is one device's. It is safe for concurrent use.
type Journal struct {
	// Hook, if set before use, is called at the beginning of each call of the
	// engine's; its error is the call's.
	Hook func(call string) error

	v    *Vault
	self int

	mu     sync.Mutex
	logs   []*log
	uncut  Segment                    // of the own log, not cut yet
	marks  map[string][]int           // by remote and device: what is known to be there
	sent   map[string]map[int]bool    // by remote: own and others' segments above the mark
	boxed  map[string]map[string]bool // by remote: packs and blobs known to be there
	syncs  map[string]*session
	blobs  map[[32]byte]bool
	needs  map[remote.Name]Blob
	broken []string
}

// log is one device's log as far as it is here.
type log struct {
	applied []Segment
	held    map[int]heldSegment
}

type heldSegment struct {
	Segment
	from []string // remotes
}

type session struct {
	asks            map[remote.Name]ask
	missing         map[remote.Name]bool
	hit             map[int]bool
	news            map[int]bool // since the last questions
	ahead           map[int]int
	begun, over     bool
	refused         error
	pushed, applied engine.Tally
}

type ask struct {
	kind        string // segment, verified, pack, blob, put
	device, seq int
	blob        Blob
	entries     int
}

var (
	_ engine.Journal = (*Journal)(nil)
	_ engine.Teller  = (*Journal)(nil)
)

// Journal gives an empty journal of a device.
func (v *Vault) Journal(device int) *Journal {
	j := &Journal{v: v, self: device, marks: map[string][]int{}, sent: map[string]map[int]bool{}, boxed: map[string]map[string]bool{},
		syncs: map[string]*session{}, blobs: map[[32]byte]bool{}, needs: map[remote.Name]Blob{}}
	for range v.Devices {
		j.logs = append(j.logs, &log{held: map[int]heldSegment{}})
	}
	return j
}

// Reopen gives the journal as it is after a crash: what was applied and sent is
// there, syncs and what was held are not.
func (j *Journal) Reopen() *Journal {
	j.mu.Lock()
	defer j.mu.Unlock()
	n := j.v.Journal(j.self)
	for d, l := range j.logs {
		n.logs[d].applied = slices.Clone(l.applied)
	}
	for r, m := range j.marks {
		n.marks[r] = slices.Clone(m)
	}
	for r, b := range j.boxed {
		n.boxed[r] = map[string]bool{}
		for k := range b {
			n.boxed[r][k] = true
		}
	}
	for b := range j.blobs {
		n.blobs[b] = true
	}
	n.uncut = j.uncut
	n.uncut.Entries, n.uncut.Blobs = slices.Clone(j.uncut.Entries), slices.Clone(j.uncut.Blobs)
	return n
}

// Write adds entries to the own log.
func (j *Journal) Write(entries ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range entries {
		if len(j.uncut.Entries) == j.v.PerSegment {
			j.cut()
		}
		j.uncut.Entries = append(j.uncut.Entries, e)
	}
}

// Attach adds an entry with an attachment of size bytes.
func (j *Journal) Attach(size int) {
	j.Write(fmt.Sprintf("attachment of %d", size))
	j.mu.Lock()
	defer j.mu.Unlock()
	var b Blob
	rand.Read(b.Name[:])
	b.Size = size
	j.blobs[b.Name] = true
	j.uncut.Blobs = append(j.uncut.Blobs, b)
}

func (j *Journal) cut() {
	if len(j.uncut.Entries) == 0 {
		return
	}
	l := j.logs[j.self]
	s := j.uncut
	j.uncut = Segment{}
	s.Device, s.Seq = j.self, len(l.applied)
	if s.Seq > 0 {
		s.Prev = l.applied[s.Seq-1].hash()
	}
	l.applied = append(l.applied, j.v.Sign(s))
}

// Entries are all that is applied, by device and place; what was not sent yet is
// among them.
func (j *Journal) Entries() (all []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for d, l := range j.logs {
		for _, s := range l.applied {
			for _, e := range s.Entries {
				all = append(all, fmt.Sprintf("%d: %s", d, e))
			}
		}
		if d == j.self {
			for _, e := range j.uncut.Entries {
				all = append(all, fmt.Sprintf("%d: %s", d, e))
			}
		}
	}
	return all
}

// Segments are those of a device's log that are applied.
func (j *Journal) Segments(device int) []Segment {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.logs[device].applied)
}

// Broken lists what the engine did that engine.Journal does not allow.
func (j *Journal) Broken() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.broken)
}

func (j *Journal) breach(format string, args ...any) {
	if len(j.broken) < 20 {
		j.broken = append(j.broken, fmt.Sprintf(format, args...))
	}
}

func (j *Journal) enter(ctx context.Context, call string) error {
	if j.Hook != nil {
		if err := j.Hook(call); err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (j *Journal) session(name string) *session {
	s := j.syncs[name]
	if s == nil {
		s = &session{asks: map[remote.Name]ask{}, missing: map[remote.Name]bool{}, hit: map[int]bool{}, news: map[int]bool{}, ahead: map[int]int{}}
		j.syncs[name] = s
	}
	if j.marks[name] == nil {
		j.marks[name] = make([]int, j.v.Devices)
		j.sent[name] = map[int]bool{}
		j.boxed[name] = map[string]bool{}
	}
	if j.sent[name] == nil {
		j.sent[name] = map[int]bool{}
	}
	return s
}

// Wanted is engine.Journal's.
func (j *Journal) Wanted(ctx context.Context, name string) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		if err := j.enter(ctx, "wanted"); err != nil {
			yield(remote.Name{}, err)
			return
		}
		j.mu.Lock()
		names := j.wanted(name)
		j.mu.Unlock()
		for _, n := range names {
			if !yield(n, nil) {
				return
			}
		}
	}
}

func (j *Journal) wanted(name string) (names []remote.Name) {
	if se := j.syncs[name]; se != nil && se.over {
		delete(j.syncs, name)
	}
	se := j.session(name)
	add := func(n remote.Name, a ask) remote.Name {
		if _, asked := se.asks[n]; !asked {
			se.asks[n] = a
			names = append(names, n)
		}
		return n
	}
	for d, l := range j.logs {
		mark := j.marks[name][d]
		if mark > 0 && !se.begun {
			add(j.v.SegmentName(d, mark-1), ask{kind: "verified", device: d, seq: mark - 1})
		}
		if d == j.self {
			continue
		}
		if j.v.Packs && mark%packOf == 0 && mark == len(l.applied) && (mark == 0 || se.hit[d]) {
			if p := add(j.v.PackName(d, mark), ask{kind: "pack", device: d, seq: mark}); !se.missing[p] {
				continue
			}
		}
		depth := max(se.ahead[d], 1)
		if se.news[d] {
			depth = min(2*depth, lookAhead)
			delete(se.news, d)
		}
		se.ahead[d] = depth
		for seq := mark; seq < mark+depth; seq++ {
			if _, here := l.held[seq]; here {
				continue
			}
			if se.missing[add(j.v.SegmentName(d, seq), ask{kind: "segment", device: d, seq: seq})] {
				break
			}
		}
	}
	for n, b := range j.needs {
		add(n, ask{kind: "blob", blob: b})
	}
	se.begun, se.over = true, len(names) == 0
	return names
}

// Missing is engine.Journal's.
func (j *Journal) Missing(ctx context.Context, name string, n remote.Name) error {
	if err := j.enter(ctx, "missing"); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	a, asked := se.asks[n]
	if !asked || se.missing[n] {
		j.breach("missing %s, which was not asked for, or twice", n)
	}
	se.missing[n] = true
	if a.kind == "verified" {
		se.refused = fmt.Errorf("%w: %s", ErrGone, n)
		return se.refused
	}
	return nil
}

// Tally is engine.Teller's.
func (j *Journal) Tally(name string) (pushed, pulled engine.Tally) {
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	return se.pushed, se.applied
}
