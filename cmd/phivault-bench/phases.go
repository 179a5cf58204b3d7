package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// bulk imports the records part by part on every side in turns, and after each
// part has it pushed by the first device and pulled by the second.
func (b *bench) bulk() error {
	load := &pairing{work: "import", bulk: true}
	push := &pairing{work: "push", bulk: true}
	pull := &pairing{work: "first pull", bulk: true}
	if err := b.mark(); err != nil {
		return err
	}
	for i := range b.pairs {
		err := b.turn(load, i, func(side int) (reply, error) {
			return b.first(side, request{Op: "import", Path: b.c.ndjson, From: b.c.parts[i], To: b.c.parts[i+1]})
		}, func(s *shell) (float64, bool, error) { return batch([]string{".read '" + b.c.sql[i] + "'"})(s) })
		if err != nil {
			return err
		}
		if b.c.sql != nil {
			if err := os.Remove(b.c.sql[i]); err != nil {
				return err
			}
		}
		for _, sync := range []struct {
			p      *pairing
			device func(int, request) (reply, error)
		}{{push, b.first}, {pull, b.second}} {
			if err := b.turn(sync.p, i, func(side int) (reply, error) { return sync.device(side, request{Op: "sync"}) }, nil); err != nil {
				return err
			}
		}
	}
	push.count, pull.count = load.count, load.count
	b.done(load)
	b.done(push)
	b.done(pull)
	for side := range b.procs {
		for _, p := range b.procs[side] {
			if _, err := p.do(request{Op: "settle"}); err != nil {
				return err
			}
		}
	}
	for _, s := range b.shells {
		if s != nil {
			if _, err := s.run("PRAGMA wal_checkpoint(TRUNCATE);"); err != nil {
				return err
			}
		}
	}
	return errors.Join(b.sizes(), b.start())
}

func (b *bench) openings() error {
	for _, work := range []string{"open cold", "open warm"} {
		cold := uint64(0)
		n := 5
		if work == "open cold" {
			if !canForget {
				continue
			}
			cold, n = 1, 3
		}
		p := &pairing{work: work}
		for i := range b.pairs {
			err := b.turn(p, i, func(side int) (reply, error) {
				return b.first(side, request{Op: "open", N: n, Seed: cold})
			}, func(s *shell) (float64, bool, error) {
				ms, err := s.openings(n, cold == 1)
				return ms, true, err
			})
			if err != nil {
				return err
			}
		}
		b.done(p)
	}
	return b.start() // what opening again and again left in memory is not browsing's
}

// coldGets asks for records of which the system has nothing in its cache.
func (b *bench) coldGets() error {
	if !canForget {
		return nil
	}
	const n = 100
	p := &pairing{work: "get cold"}
	for i := range b.pairs {
		q := request{Op: "get", N: n, Seed: uint64(500 + i)}
		ask := batch(b.c.queries.statements("get", n, q.Seed))
		err := b.turn(p, i, func(side int) (reply, error) {
			if err := forget(b.members[side][0].DB); err != nil {
				return reply{}, err
			}
			return b.first(side, q)
		}, func(s *shell) (float64, bool, error) {
			if err := forget(s.db); err != nil {
				return 0, false, err
			}
			return ask(s)
		})
		if err != nil {
			return err
		}
	}
	b.done(p)
	return b.start()
}

// warm has the system read every side's database, as far as its cache has room: what is
// asked for next finds it in the same state for all.
func (b *bench) warm() error {
	for side := range b.members {
		if err := readThrough(b.ctx, b.members[side][0].DB); err != nil {
			return err
		}
	}
	for _, s := range b.shells {
		if s != nil {
			if err := readThrough(b.ctx, s.db); err != nil {
				return err
			}
		}
	}
	return nil
}

func readThrough(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for buf := make([]byte, 1<<20); ; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch _, err := f.Read(buf); {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// questions are the rows that read, with the times of one turn, and how many times more
// turns they take than other rows: what is over in a moment needs more of them for a
// median that stays, and what takes the others seconds does not get them.
var questions = []struct {
	work, op string
	n, more  int
}{
	{"get", "get", 400, 3},
	{"list 50 of a patient", "list", 60, 3},
	{"search rare", "rare", 100, 3},
	{"search common", "common", 40, 3},
	{"search within a patient", "within", 60, 1},
	{"search prefix", "prefix", 40, 3},
	{"trend", "trend", 60, 3},
}

func (b *bench) reading() error {
	if err := b.warm(); err != nil {
		return err
	}
	for _, q := range questions {
		if err := b.repeat(q.work, q.op, q.n, q.more); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) repeat(work, op string, n, more int) error {
	if op == "trend" && len(b.c.queries.Trends) == 0 {
		return nil // too few records for one
	}
	if err := b.mark(); err != nil {
		return err
	}
	p := &pairing{work: work}
	for i := range b.pairs * more {
		q := request{Op: op, N: n, Seed: uint64(i)}
		err := b.turn(p, i, func(side int) (reply, error) { return b.first(side, q) },
			batch(b.c.queries.statements(op, n, q.Seed)))
		if err != nil {
			return err
		}
	}
	b.done(p)
	return nil
}

func (b *bench) editing() error {
	if err := b.warm(); err != nil {
		return err
	}
	return b.repeat("edit", "edit", 60, 3)
}

// oneEdit is an edit's way to the other device: pushed there, pulled here.
func (b *bench) oneEdit() error {
	// What earlier rows wrote, hundreds of edits and the notes of all that was read, goes first.
	for side := range b.procs {
		for _, device := range []func(int, request) (reply, error){b.first, b.second} {
			if _, err := device(side, request{Op: "sync"}); err != nil {
				return err
			}
		}
	}
	p := &pairing{work: "sync one edit"}
	for i := range b.pairs * 3 {
		err := b.turn(p, i, func(side int) (reply, error) {
			if _, err := b.first(side, request{Op: "edit", N: 1, Seed: uint64(1000 + i)}); err != nil {
				return reply{}, err
			}
			r, err := b.first(side, request{Op: "sync"})
			if err != nil {
				return r, err
			}
			got, err := b.second(side, request{Op: "sync"})
			if err != nil {
				return r, err
			}
			r.MS[0] += got.MS[0]
			return r, nil
		}, nil)
		if err != nil {
			return err
		}
	}
	b.done(p)
	return nil
}

func (b *bench) verifying() error {
	if err := b.mark(); err != nil {
		return err
	}
	p := &pairing{work: "verify", bulk: true}
	for i := range b.pairs {
		if err := b.turn(p, i, func(side int) (reply, error) { return b.first(side, request{Op: "verify"}) }, nil); err != nil {
			return err
		}
	}
	b.done(p)
	return nil
}

// merging edits while the full-text index is merged: work for that is made first.
func (b *bench) merging() error {
	p := &pairing{work: "edit while merging"}
	for i := range b.pairs {
		err := b.turn(p, i, func(side int) (reply, error) {
			if _, err := b.first(side, request{Op: "fragment", Path: b.c.ndjson, To: b.c.some, Seed: uint64(i)}); err != nil {
				return reply{}, err
			}
			return b.first(side, request{Op: "editmerge", N: 200, Seed: uint64(i)})
		}, nil)
		if err != nil {
			return err
		}
	}
	b.done(p)
	return nil
}

func (b *bench) backup() error {
	p := &pairing{work: "backup"}
	r, err := b.first(ours, request{Op: "backup", Path: filepath.Join(b.scratch, "backup")})
	if err != nil {
		return err
	}
	p.acts, p.peak = r.MS, r.Peak
	b.done(p)
	return nil
}
