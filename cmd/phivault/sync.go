package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"phivault/sync/engine"
	"phivault/vault/journal"
	"phivault/vault/local"
)

type movedObject struct {
	Segments int   `json:"segments"`
	Entries  int   `json:"entries"`
	Objects  int   `json:"objects"`
	Bytes    int64 `json:"bytes"`
}

type staleObject struct {
	Device string `json:"device"` // its letter
	Name   string `json:"name"`
	Since  string `json:"since"`
}

// syncObject is phivault.sync.v1. Code is that of the error, "ok" without one.
type syncObject struct {
	Schema    string        `json:"schema"`
	Remote    string        `json:"remote"`
	Code      string        `json:"code"`
	Pushed    movedObject   `json:"pushed"`
	Pulled    movedObject   `json:"pulled"`
	Conflicts int64         `json:"conflicts"`
	Requests  int           `json:"requests"`
	Stale     []staleObject `json:"stale"`
	Waiting   int           `json:"waiting"`
	Waits     []waitObject  `json:"waits"` // what has not arrived, and since when
	DryRun    bool          `json:"dry_run"`
	More      bool          `json:"more"` // of --dry-run: more may be waiting there
	MS        int64         `json:"ms"`
}

type syncFlags struct {
	watch, failOnConflict, dryRun, acceptDeletes bool
}

func (a *app) syncCommand() *cobra.Command {
	var f syncFlags
	c := &cobra.Command{
		Use:   "sync [REMOTE…]",
		Short: "Exchange changes with the remotes, all or those named",
		Long: `Sync pulls what other devices wrote, verifies all of it, and pushes what is new
here. A remote gets nothing but ciphertext. One that is down keeps nothing back at
the others; one that cheats is named, exit code 13, and nothing here changes.
ENTRIES PUSHED and PULLED count those of the log: versions of records, and beside
them the audit trail and what is said of devices. One edit makes several.

When a device deletes unusually many records, more than 50 and more than 5 % of
those that are live, at once or within seven days, this is held back until you agree, on a terminal or with
--accept-deletes; so are your own before they leave. Exit code 3 says that
something is held.

With --watch it goes on until interrupted. It opens the vault for each round and
lets go of it in between.`,
		Args: takes(0, -1, "names of remotes"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.watch && f.dryRun {
				return usage("--watch and --dry-run exclude each other", "")
			}
			if f.watch && f.acceptDeletes {
				return usage("--watch accepts no deletions in advance", "sync once with --accept-deletes")
			}
			if f.watch {
				return a.watch(c.Context(), args)
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				if f.dryRun {
					return a.previews(ctx, s, args)
				}
				return a.sync(ctx, s, args, &f)
			})
		},
	}
	c.Flags().BoolVar(&f.watch, "watch", false, "go on until interrupted")
	c.Flags().BoolVar(&f.dryRun, "dry-run", false, "say what would be moved, and move nothing")
	c.Flags().BoolVar(&f.acceptDeletes, "accept-deletes", false, "let unusually many deletions pass, in and out")
	c.Flags().BoolVar(&f.failOnConflict, "fail-on-conflict", false, "exit with 14 while there are conflicts")
	return c
}

func (a *app) sync(ctx context.Context, s *session, names []string, f *syncFlags) error {
	list, err := s.chosen(ctx, names)
	if err != nil {
		return err
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	if err := a.confirmOwn(ctx, j, f.acceptDeletes); err != nil {
		return err
	}
	worst, err := a.syncWith(ctx, s, list)
	for more := true; more && err == nil; {
		if more, err = a.confirmHeld(ctx, s); more && err == nil {
			worst, err = a.syncWith(ctx, s, list)
		}
	}
	if err == nil {
		worst = graver(inWords(worst, s.forked(ctx, j)), s.heldBack(ctx))
	}
	if err = graver(worst, err); err != nil {
		return err
	}
	n, cerr := s.Counts(ctx)
	if cerr == nil && n.Conflicts > 0 && f.failOnConflict {
		return failed("conflicts", count(n.Conflicts, "record has", "records have")+" versions that only a person can decide between", `"phivault conflicts list" shows them`)
	}
	return cerr
}

// syncWith syncs with these remotes and tells what came of it. worst is the error
// of a remote, the gravest of them.
func (a *app) syncWith(ctx context.Context, s *session, list []local.Remote) (worst, err error) {
	j, results, err := a.exchange(ctx, s, list)
	if err != nil {
		return nil, err
	}
	f, err := s.findings(context.WithoutCancel(ctx), j)
	if err != nil {
		return nil, err
	}
	return a.tell(list, results, f)
}

// exchange syncs and shows no more than how far it is.
func (a *app) exchange(ctx context.Context, s *session, list []local.Remote) (*journal.Journal, map[string]engine.Result, error) {
	p := a.progress("syncing")
	defer p.end()
	return s.exchange(ctx, list, p.moved())
}

// exchange syncs with these remotes and remembers when each was; moved may be nil.
// Only one at a time may run.
func (s *session) exchange(ctx context.Context, list []local.Remote, moved func(engine.Progress)) (*journal.Journal, map[string]engine.Result, error) {
	j, err := s.Journal(ctx)
	if err != nil {
		return nil, nil, err
	}
	var targets []engine.Target
	results := map[string]engine.Result{}
	for _, r := range list {
		c, err := openRemote(r)
		if err != nil {
			results[r.ID] = engine.Result{Remote: r.ID, Err: err}
			continue
		}
		c = patient(c)
		defer c.Close()
		targets = append(targets, engine.Target{Name: r.ID, Remote: c})
	}
	for round := 0; round == 0 || round < 3 && j.Again() && ctx.Err() == nil; round++ {
		rep, _ := engine.Sync(ctx, j, targets, engine.Options{Harmless: harmless, Progress: moved})
		for _, r := range rep.Remotes {
			results[r.Remote] = together(results[r.Remote], r)
		}
	}
	s.inPlainWords(context.WithoutCancel(ctx), results)
	for i, r := range list {
		if results[r.ID].Err != nil {
			continue
		}
		// What fails is tried again by the next sync, with the key that there is.
		if own, err := s.ownAccess(ctx, r); err == nil {
			list[i] = own
		}
	}
	return j, results, s.synced(context.WithoutCancel(ctx), list, results)
}

// together is what two syncs with one remote came to: all that they moved, and what
// was wrong at the end.
func together(a, b engine.Result) engine.Result {
	for _, t := range []struct{ to, more *engine.Traffic }{{&b.Pushed, &a.Pushed}, {&b.Pulled, &a.Pulled}} {
		t.to.Segments += t.more.Segments
		t.to.Entries += t.more.Entries
		t.to.Objects += t.more.Objects
		t.to.Bytes += t.more.Bytes
	}
	b.Requests += a.Requests
	b.Took += a.Took
	b.Moved = b.Moved || a.Moved
	return b
}

// harmless are errors about one object that say nothing against the rest. A fork
// stops one log; what ends it has to get out.
func harmless(err error) bool {
	return errors.Is(err, journal.ErrWaiting) || errors.Is(err, journal.ErrUnreadable) || errors.Is(err, journal.ErrFork) && !errors.Is(err, journal.ErrGone)
}

// moved shows how much has gone over the wire, of all remotes together.
func (p *progress) moved() func(engine.Progress) {
	latest := map[string]engine.Progress{}
	return func(n engine.Progress) {
		latest[n.Remote] = n
		var sum amounts
		for _, l := range latest {
			sum.items += int64(l.Pushed.Objects + l.Pulled.Objects)
			sum.bytes += l.Pushed.Bytes + l.Pulled.Bytes
		}
		p.show(sum)
	}
}

// findings are what the vault says after a sync.
type findings struct {
	conflicts int64
	status    journal.Status
	stale     []staleObject
	waits     []waitObject
	out       bool // this device was removed
}

func (s *session) findings(ctx context.Context, j *journal.Journal) (f findings, err error) {
	n, err := s.Counts(ctx)
	if err != nil {
		return f, err
	}
	f.conflicts = n.Conflicts
	if f.status, err = j.Status(ctx); err != nil {
		return f, err
	}
	f.out = outOf(j, f.status)
	waited, err := s.NoteWaiting(ctx, j)
	if err != nil {
		return f, err
	}
	f.waits = s.waits(j, waited)
	f.stale, err = s.stale(ctx, j)
	return f, err
}

// tell writes one line or object for each remote that there is a result of, and
// gives the gravest of their errors as worst.
func (a *app) tell(list []local.Remote, results map[string]engine.Result, f findings) (worst, err error) {
	t := newTable(a.out, column{title: "REMOTE"}, column{title: "ENTRIES PUSHED", right: true}, column{title: "PULLED", right: true},
		column{title: "CONFLICTS", right: true}, column{title: "REQUESTS", right: true}, column{title: "RESULT"})
	for _, r := range list {
		res, ok := results[r.ID]
		if !ok {
			continue
		}
		o := syncObject{Schema: "phivault.sync.v1", Remote: r.Name, Code: "ok", Pushed: newMoved(res.Pushed), Pulled: newMoved(res.Pulled),
			Conflicts: f.conflicts, Requests: res.Requests, Stale: f.stale, Waits: f.waits, Waiting: len(f.status.Held) + len(f.status.Floors), MS: res.Took.Milliseconds()}
		if fault := orRemoved(r.Name, syncFault(r.Name, res), f.out); fault != nil {
			row, _, _ := explain(fault)
			o.Code, worst = row.code, graver(worst, fault)
		}
		if a.g.json {
			err = a.emit(o)
		} else {
			err = t.row(r.Name, itoa(int64(o.Pushed.Entries)), itoa(int64(o.Pulled.Entries)), itoa(f.conflicts), itoa(int64(o.Requests)), o.Code)
		}
		if err != nil {
			return worst, err
		}
	}
	a.remarks(f)
	return worst, t.close()
}

// remarks are what the owner should know of and no error says.
func (a *app) remarks(f findings) {
	st := f.status
	a.remarkWaits(f.waits)
	for _, d := range st.Deletions {
		a.warn("phivault: note: device " + deletesText(d) +
			`: held back; "phivault sync --accept-deletes" lets it, "phivault device remove ` + d.Letter + `" sets it aside`)
	}
	if st.Quarantined > 0 {
		a.note("phivault: note: " + count(st.Quarantined, "part that a removed device wrote afterwards is", "parts that a removed device wrote afterwards are") + " set aside; \"phivault device quarantine list\" shows them")
	}
	if st.Restored && len(st.Accusers) > 0 {
		a.warn("phivault: note: device " + letters(st.Accusers) + ` says that this device had sent something else than what is here: either this copy was put back to an older state, or that is not true. Until that is settled it sends nothing. "phivault device replace" is safe in both cases; an owner on another device can remove who said it: "phivault device resolve-fork ` + st.Accusers[0].Letter + `"`)
	} else if st.Restored {
		a.warn(`phivault: note: this copy of the vault is older than what its device had sent, and sends nothing; "phivault device replace" makes it a device of its own`)
	}
	if st.Replacing && !st.Out {
		a.note("phivault: note: the other devices do not know this copy's fresh keys yet; what is saved here is sent when they can")
	}
	for _, c := range st.Copies {
		a.warn("phivault: note: device " + c.Letter + " was a copy of device " + c.Of + ` and has keys of its own now; "phivault device remove ` + c.Of +
			`" if that one is gone; if none of you restored a backup or took a spare, somebody else has its keys: remove both, ` + c.Letter + " and " + c.Of)
	}
	for _, c := range st.Renewed {
		a.warn("phivault: note: device " + c.Of + " has new keys, drawn with rekey, and is device " + c.Letter + " now; if nobody ran it there, somebody else has its keys: remove " +
			c.Letter + ", and let " + c.Of + " join anew")
	}
	for _, l := range st.Later {
		a.note("phivault: note: device " + l.Letter + " goes on in its log " + itoa(int64(l.Number)) + ": at a remote something else lies where it would have written")
	}
	for _, d := range f.stale {
		a.note("phivault: note: nothing was heard of device " + strings.TrimSpace(d.Device+" "+clean(d.Name)) + " since " + d.Since)
	}
}

func newMoved(t engine.Traffic) movedObject {
	return movedObject{t.Segments, t.Entries, t.Objects, t.Bytes}
}

// staleAfter is how long a device may be silent.
const staleAfter = 90 * 24 * time.Hour

func (s *session) stale(ctx context.Context, j *journal.Journal) ([]staleObject, error) {
	out := []staleObject{}
	for _, m := range j.Members() {
		seen, err := s.seen(ctx, m)
		if err != nil {
			return nil, err
		}
		if !m.Self && !m.Removed && !seen.IsZero() && s.app.now().Sub(seen) > staleAfter {
			out = append(out, staleObject{m.Letter, m.Name, stamp(seen)})
		}
	}
	return out, nil
}

// seen is when a device last wrote, by its own clock; zero when nothing of it is
// here.
func (s *session) seen(ctx context.Context, m journal.Member) (t time.Time, err error) {
	for _, p := range m.Last {
		at, err := s.Reached(ctx, p)
		if err != nil {
			return t, err
		}
		if at.After(t) {
			t = at
		}
	}
	return t, nil
}

// syncFault is what went wrong with one remote, in one sentence; nil for what only
// has to wait.
func syncFault(name string, res engine.Result) error {
	var worst error
	for _, e := range append(leaves(res.Err), res.Harmless...) {
		if e != nil && !errors.Is(e, journal.ErrWaiting) {
			worst = graver(worst, e)
		}
	}
	if worst == nil {
		return nil
	}
	o, why, hint := explain(worst)
	return &fault{code: o.code, why: name + ": " + why, hint: hint, cause: worst}
}

// graver gives the error that says more against going on: of integrity before of
// reach, the first of equals.
func graver(a, b error) error {
	rank := func(err error) int {
		if err == nil {
			return 0
		}
		o, _, _ := explain(err)
		return 1 + slices.Index([]int{3, 15, 1, 130, 13}, o.exit)
	}
	if a == nil || rank(b) > rank(a) {
		return b
	}
	return a
}

// leaves are the errors that were joined into one.
func leaves(err error) []error {
	if many, ok := err.(interface{ Unwrap() []error }); ok && strings.Contains(err.Error(), "\n") {
		var out []error
		for _, e := range many.Unwrap() {
			out = append(out, leaves(e)...)
		}
		return out
	}
	return []error{err}
}
