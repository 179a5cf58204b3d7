package main

import (
	"context"
	"errors"

	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// watcher is sync --watch: the vault is opened for each round and let go of in
// between.
type watcher struct {
	a       *app
	keys    *local.Keys
	list    []local.Remote
	s       *session
	j       *journal.Journal
	found   findings
	synced  map[string]engine.Result // of the last round, to be remembered in the next
	codes   map[string]string        // what was last said of each remote
	targets []engine.Target
}

// watch syncs until it is interrupted. The key is derived once; what it opened is
// held, in locked memory, to open the vault for each round, and wiped at the end.
func (a *app) watch(ctx context.Context, names []string) error {
	w := &watcher{a: a, codes: map[string]string{}}
	defer w.drop()
	a.hold = w.hold
	o := engine.WatchOptions{Options: engine.Options{Harmless: harmless}, Done: w.done}
	err := a.withVault(ctx, func(ctx context.Context, s *session) (err error) {
		o.Space = segment.Space(s.ID())
		w.list, err = s.chosen(ctx, names)
		return err
	})
	a.hold = nil
	if err != nil {
		return err
	}
	a.wipe() // the passphrase is not needed any more
	for _, r := range w.list {
		c, err := openRemote(r)
		if err != nil {
			return because(err, r.Name)
		}
		c = patient(c)
		defer c.Close()
		w.targets = append(w.targets, engine.Target{Name: r.ID, Remote: c})
	}
	a.note("Watching. Ctrl-C ends it.")
	return engine.Watch(ctx, w.open, w.targets, o)
}

func (w *watcher) hold(k *local.Keys) {
	w.drop()
	w.keys = k
}

func (w *watcher) drop() {
	w.keys.Destroy()
	w.keys = nil
}

func (w *watcher) open(ctx context.Context) (engine.Journal, func() error, error) {
	v, err := w.keys.Open(ctx, w.a.options())
	if errors.Is(err, vault.ErrInUse) {
		return nil, nil, engine.ErrLater
	}
	if err != nil {
		return nil, nil, err
	}
	s := &session{v, w.a}
	if err = s.synced(ctx, w.list, w.synced); err == nil {
		w.j, err = s.Journal(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, s.Close(context.WithoutCancel(ctx)))
	}
	w.s = s
	return w.j, w.shut(ctx), nil
}

func (w *watcher) shut(ctx context.Context) func() error {
	return func() (err error) {
		ctx := context.WithoutCancel(ctx)
		w.found, err = w.s.findings(ctx, w.j)
		return errors.Join(err, w.s.Close(ctx))
	}
}

// done tells of remotes where something moved or where things stand otherwise than
// before.
func (w *watcher) done(rep engine.Report, _ error) error {
	w.synced = map[string]engine.Result{}
	news := map[string]engine.Result{}
	for _, r := range rep.Remotes {
		w.synced[r.Remote] = r
		code := "ok"
		if fault := orRemoved("", syncFault("", r), w.found.out); fault != nil {
			row, _, _ := explain(fault)
			code = row.code
		}
		if r.Moved || w.codes[r.Remote] != code {
			news[r.Remote] = r
		}
		w.codes[r.Remote] = code
	}
	if len(news) == 0 {
		return nil
	}
	worst, err := w.a.tell(w.list, news, w.found)
	if worst != nil {
		_, why, _ := explain(worst)
		w.a.warn("phivault: note: " + why)
	}
	return errors.Join(err, w.a.out.flush())
}
