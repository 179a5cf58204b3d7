package main

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/tui"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// closeWait is how long closing waits for exchanges to notice: a folder that hangs
// must not keep keys in memory.
const closeWait = 3 * time.Second

// sharing is what the interface does with remotes and other devices, by the same
// steps as the commands.
type sharing struct {
	s       *session
	turn    chan struct{} // holds one: whoever put it there exchanges
	changed chan struct{} // holds one: remotes were added or removed
	ctx     context.Context
	stop    context.CancelFunc
	busy    sync.WaitGroup

	mu      sync.Mutex // guards what follows
	closed  bool
	torn    int64 // records in conflict, when they were last counted
	stale   bool  // they are to be counted again
	next    int64 // the entry from which on nobody looked for what arrived; 0: not begun
	arrived int64 // versions and deletions of other devices since then
}

var (
	_ tui.Sharing = (*sharing)(nil)
	_ tui.Remotes = sharedRemotes{}
	_ tui.Sync    = sharedSync{}
	_ tui.Devices = sharedDevices{}
)

func newSharing(s *session) *sharing {
	x := &sharing{s: s, stale: true, turn: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	x.ctx, x.stop = context.WithCancel(context.Background())
	return x
}

func (x *sharing) Remotes() tui.Remotes     { return sharedRemotes{x} }
func (x *sharing) Sync() tui.Sync           { return sharedSync{x} }
func (x *sharing) Devices() tui.Devices     { return sharedDevices{x} }
func (x *sharing) Conflicts() tui.Conflicts { return sharedConflicts{x} }

// close ends what is going on. After it, or when what goes on does not end, the
// vault may be closed.
func (x *sharing) close() {
	x.mu.Lock()
	x.closed = true
	x.mu.Unlock()
	x.stop()
	ended := make(chan struct{})
	go func() { x.busy.Wait(); close(ended) }()
	limit := time.NewTimer(closeWait)
	defer limit.Stop()
	select {
	case <-ended:
	case <-limit.C:
	}
}

// begin gives a context that ends with the vault, too. The caller calls done.
func (x *sharing) begin(ctx context.Context) (_ context.Context, done func(), err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.closed {
		return ctx, func() {}, local.ErrClosed
	}
	x.busy.Add(1)
	ctx, stop := context.WithCancel(ctx)
	apart := context.AfterFunc(x.ctx, stop)
	return ctx, func() { apart(); stop(); x.busy.Done() }, nil
}

// alone is begin for an exchange: it waits until no other is going on.
func (x *sharing) alone(ctx context.Context) (_ context.Context, done func(), err error) {
	ctx, end, err := x.begin(ctx)
	if err != nil {
		return ctx, end, err
	}
	if err := x.take(ctx); err != nil {
		end()
		return ctx, func() {}, err
	}
	return ctx, func() { x.give(); end() }, nil
}

func (x *sharing) take(ctx context.Context) error {
	select {
	case x.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (x *sharing) give() { <-x.turn }

// tellChanged has a watch begin anew.
func (x *sharing) tellChanged() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

// roundOf says what came of one remote; ok is false when nobody wants to know:
// the exchange was ended from here.
func roundOf(r local.Remote, res engine.Result, removed bool) (out tui.Round, ok bool) {
	out = tui.Round{Remote: r.Name, Pushed: res.Pushed.Entries, Pulled: res.Pulled.Entries}
	bad := orRemoved(r.Name, syncFault(r.Name, res), removed)
	if bad == nil {
		return out, true
	}
	o, _, _ := explain(bad)
	out.Trouble, out.Words = tui.TroubleOther, explainLine(bad)
	switch {
	case o.exit == 130:
		return out, false
	case o.code == "removed":
		out.Trouble = tui.TroubleRemoved
	case errors.Is(bad, remote.ErrUntrusted):
		out.Trouble = tui.TroubleUntrusted
	case errors.Is(bad, remote.ErrRefused), errors.Is(bad, remote.ErrTooLarge):
		out.Trouble = tui.TroubleRefused
	case errors.Is(bad, engine.ErrContradiction):
		out.Trouble = tui.TroubleUnreadable
	default:
		if t, ok := troubles[o.code]; ok {
			out.Trouble = t
		}
	}
	return out, true
}

var troubles = map[string]tui.Trouble{"remote": tui.TroubleOffline, "restored_copy": tui.TroubleRestored, "ended": tui.TroubleEnded, "unreadable": tui.TroubleUnreadable,
	"gone": tui.TroubleGone, "fork": tui.TroubleFork, "forged": tui.TroubleForged}

// troubleOf is the trouble of a code that a sync kept; "" is none.
func troubleOf(code string) tui.Trouble {
	t, ok := troubles[code]
	if !ok && code != "" {
		t = tui.TroubleOther
	}
	return t
}

func (s *session) rounds(ctx context.Context, list []local.Remote, results map[string]engine.Result) (out []tui.Round) {
	removed := false
	if j, err := s.ReadJournal(ctx); err == nil {
		st, err := j.Status(ctx)
		removed = err == nil && outOf(j, st)
	}
	for _, r := range list {
		if res, ok := results[r.ID]; ok {
			if round, ok := roundOf(r, res, removed); ok {
				out = append(out, round)
			}
		}
	}
	return out
}

// objects counts what has gone over the wire, of all remotes together.
func objects(tell func(int64)) func(engine.Progress) {
	if tell == nil {
		return nil
	}
	latest := map[string]int64{}
	return func(n engine.Progress) {
		latest[n.Remote] = int64(n.Pushed.Objects + n.Pulled.Objects)
		sum := int64(0)
		for _, l := range latest {
			sum += l
		}
		tell(sum)
	}
}

type sharedRemotes struct{ x *sharing }

func (r sharedRemotes) Needs(address string) ([]tui.Need, error) {
	p, err := parsePlace(placeOf(address))
	if err != nil {
		return nil, err
	}
	var out []tui.Need
	must, may := p.asks()
	for _, n := range must {
		out = append(out, tui.Need{Name: n, Must: true})
	}
	for _, n := range may {
		out = append(out, tui.Need{Name: n})
	}
	return out, nil
}

// placeOf is an address as a person writes it, who has no shell here.
func placeOf(address string) string {
	if len(address) > len(placeFolder) && address[:len(placeFolder)+1] == placeFolder+":" {
		return placeFolder + ":" + home(address[len(placeFolder)+1:])
	}
	return address
}

func (r sharedRemotes) Add(ctx context.Context, n tui.NewRemote) (made string, err error) {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	m, p, err := r.x.s.newRemote(ctx, n.Name, placeOf(n.Address), n.Pin)
	if err != nil {
		return "", err
	}
	m.Secrets = map[string]string{}
	for name, c := range n.Credentials {
		if c.Len() > 0 {
			m.Secrets[name] = string(c.Bytes())
		}
	}
	must, _ := p.asks()
	for _, name := range must {
		if m.Secrets[name] == "" {
			return "", usage("this remote needs its "+name, "")
		}
	}
	if p.kind == placeFolder && !exists(p.dir) {
		made = p.dir
	}
	if _, err := r.x.s.addRemote(ctx, p, m); err != nil {
		return "", err
	}
	r.x.tellChanged()
	return made, nil
}

func (r sharedRemotes) Test(ctx context.Context, name string) error {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := r.x.s.chosen(ctx, []string{name})
	if err != nil {
		return err
	}
	return r.x.s.tryRemote(ctx, list[0])
}

func (r sharedRemotes) Remove(ctx context.Context, name string) error {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := r.x.s.RemoveRemote(ctx, name); err != nil {
		return err
	}
	r.x.tellChanged()
	return nil
}

type sharedSync struct{ x *sharing }

func (y sharedSync) Standing(ctx context.Context) (st tui.Standing, err error) {
	ctx, done, err := y.x.begin(ctx)
	if err != nil {
		return st, err
	}
	defer done()
	s := y.x.s
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return st, err
	}
	if st.Conflicts, st.Arrived, err = y.x.news(ctx, j); err != nil {
		return st, err
	}
	known, err := j.Status(ctx)
	if err != nil {
		return st, err
	}
	st.Code, st.Waiting, st.SetAside = j.Code(), len(known.Held)+len(known.Floors), known.Quarantined
	st.Restored, st.Ended = known.Restored, known.Ended
	forks, err := j.Forks(ctx)
	if err != nil {
		return st, err
	}
	for _, f := range forks {
		x := tui.Fork{Device: f.Letter, Copy: f.Copy, Words: forkWords(f)}
		for _, b := range f.By {
			x.By = append(x.By, b.Letter)
		}
		st.Forks = append(st.Forks, x)
	}
	last, sent, err := s.LastChange(ctx)
	if err != nil {
		return st, err
	}
	for _, m := range j.Members() {
		seen, err := s.seen(ctx, m)
		if err != nil {
			return st, err
		}
		st.Out = st.Out || m.Self && m.Removed
		st.Devices = append(st.Devices, tui.Device{ID: m.Device.String(), Letter: m.Letter, Name: m.Name, Self: m.Self, Owner: m.Owner,
			Removed: m.Removed, Next: m.Next, Seen: seen, Current: sent && j.Seen(m.Device, last), Of: m.Of})
	}
	list, err := s.Remotes(ctx)
	if err != nil || len(list) == 0 {
		return st, err
	}
	for _, r := range list {
		n, err := s.Pending(ctx, r.ID)
		if err != nil {
			return st, err
		}
		lacks, err := s.Lacking(ctx, r.ID)
		if err != nil {
			return st, err
		}
		st.Remotes = append(st.Remotes, tui.Remote{Name: r.Name, Address: r.URL, Synced: r.Synced, Pending: int64(n), Trouble: troubleOf(r.Traits[traitState])})
		st.Pending = max(st.Pending, int64(lacks))
	}
	fresh, err := s.Uncut(ctx)
	st.Pending += fresh
	return st, err
}

// recount has conflicts counted again: all records are looked at for it, so that it
// is done only after something arrived or was decided.
func (x *sharing) recount() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.stale = true
}

// news counts conflicts and what arrived.
func (x *sharing) news(ctx context.Context, j *journal.Journal) (torn, arrived int64, err error) {
	if len(j.Members()) < 2 {
		return 0, 0, nil // nobody to disagree with, and nothing to scan for
	}
	x.mu.Lock()
	stale, from := x.stale, x.next
	x.mu.Unlock()
	if from == 0 {
		if from, err = x.s.End(ctx); err != nil {
			return 0, 0, err
		}
	}
	fresh, next, err := x.s.Arrived(ctx, from)
	if err != nil {
		return 0, 0, err
	}
	if stale {
		for _, err := range x.s.Rows(ctx, vault.Query{Conflicts: true, Limit: conflictsMost}) {
			if err != nil {
				return 0, 0, err
			}
			torn++
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.next == from || x.next == 0 { // nobody else has counted these meanwhile
		x.next, x.arrived = next, x.arrived+fresh
	}
	if stale {
		x.torn, x.stale = torn, false
	}
	return x.torn, x.arrived, nil
}

// conflictsMost bounds what is counted for the banner.
const conflictsMost = 999

func (y sharedSync) Now(ctx context.Context, moved func(int64)) ([]tui.Round, error) {
	ctx, done, err := y.x.alone(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	list, err := y.x.s.chosen(ctx, nil)
	if err != nil {
		return nil, err
	}
	before := slices.Clone(list)
	_, results, err := y.x.s.exchange(ctx, list, objects(moved))
	y.x.recount()
	for i, r := range list {
		if r.Secrets[secretAccess] != before[i].Secrets[secretAccess] {
			y.x.tellChanged() // who watches it goes on with the key that it has now
		}
	}
	return y.x.s.rounds(context.WithoutCancel(ctx), list, results), err
}

func (y sharedSync) Compare(ctx context.Context, code string) error {
	ctx, done, err := y.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	j, err := y.x.s.Journal(ctx)
	if err != nil {
		return err
	}
	return j.CheckCode(ctx, code)
}
