package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// config is what the command line says.
type config struct {
	records int
	pairs   int
	dir     string       // where the scratch folder is made
	say     func(string) // progress; may be nil
}

// bench is one run: the workers and shells, and the rows so far.
type bench struct {
	config
	ctx     context.Context
	c       *corpus
	members [2][2]member // encrypted and plain; first and second device
	procs   [2][2]*process
	shells  [4]*shell // at cipher and sqlite; nil where not installed
	rows    []row
	files   []size
	scratch string
}

// bytesPerRecord bounds the scratch folder: the input twice, four databases, two
// remotes and the two programs' tables.
const bytesPerRecord = 24 << 10

// run measures everything. What it made is gone when it returns.
func run(ctx context.Context, cfg config) (res result, sizes []size, jsonBytes int64, err error) {
	if free, ok := room(cfg.dir); ok && free < uint64(cfg.records)*bytesPerRecord {
		return res, nil, 0, fmt.Errorf("%w: %d records need %d MiB", errNoRoom, cfg.records, int64(cfg.records)*bytesPerRecord>>20)
	}
	dir, err := os.MkdirTemp(cfg.dir, "phivault-bench-")
	if err != nil {
		return res, nil, 0, err
	}
	b := &bench{config: cfg, ctx: ctx, scratch: dir}
	defer func() {
		b.stop()
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
	}()
	if err := b.prepare(dir); err != nil {
		return res, nil, 0, err
	}
	for _, phase := range []func() error{b.bulk, b.openings, b.coldGets, b.reading, b.verifying, b.editing, b.oneEdit, b.merging, b.backup} {
		if err := phase(); err != nil {
			return res, nil, 0, err
		}
	}
	return result{"phivault.bench.v1", cfg.records, b.rows}, b.files, b.c.bytes, nil
}

var errNoRoom = errors.New("too little room on the disk")

func (b *bench) tell(what string) {
	if b.say != nil {
		b.say(what)
	}
}

func (b *bench) prepare(dir string) (err error) {
	b.tell("making records")
	for side, program := range map[int]string{cipher: "sqlcipher", sqlite: "sqlite3"} {
		if b.shells[side], err = startShell(b.ctx, program, dir); err != nil {
			return err
		}
	}
	if b.c, err = writeCorpus(b.ctx, dir, b.records, b.pairs, b.shells[cipher] != nil || b.shells[sqlite] != nil); err != nil {
		return err
	}
	for side, name := range []string{"encrypted", "plain"} {
		m := &b.members[side]
		if m[0], m[1], err = found(b.ctx, filepath.Join(dir, name), side == ours); err != nil {
			return err
		}
	}
	return b.start()
}

// start begins a fresh process for each database: what an import left in memory
// is not what browsing needs.
func (b *bench) start() (err error) {
	for side := range b.procs {
		for device := range b.procs[side] {
			if err := b.procs[side][device].stop(); err != nil {
				return err
			}
			b.procs[side][device] = nil
			if b.procs[side][device], err = startProcess(b.ctx, b.members[side][device], &b.c.queries); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *bench) stop() {
	for side := range b.procs {
		for _, p := range b.procs[side] {
			_ = p.stop()
		}
	}
	for _, s := range b.shells {
		s.stop()
	}
}

// first and second ask a side's device.
func (b *bench) first(side int, q request) (reply, error)  { return b.procs[side][0].do(q) }
func (b *bench) second(side int, q request) (reply, error) { return b.procs[side][1].do(q) }

// turn has every side do one turn's work, each time another one first. shell may
// be nil, and gives false where it has no counterpart.
func (b *bench) turn(p *pairing, i int, store func(side int) (reply, error), shell func(*shell) (ms float64, ok bool, err error)) error {
	for k := range p.sides {
		side := (k + i) % len(p.sides)
		if b.ctx.Err() != nil {
			return b.ctx.Err()
		}
		if side >= cipher {
			if b.shells[side] == nil || shell == nil {
				continue
			}
			ms, ok, err := shell(b.shells[side])
			if err != nil {
				return err
			}
			if ok {
				p.sides[side] = append(p.sides[side], ms)
			}
			continue
		}
		r, err := store(side)
		if err != nil {
			return err
		}
		p.sides[side] = append(p.sides[side], mean(r.MS))
		if side == ours {
			p.acts = append(p.acts, r.MS...)
			p.count += r.Count
			p.peak = max(p.peak, r.Peak)
		}
	}
	return nil
}

func mean(ms []float64) float64 {
	total := 0.0
	for _, v := range ms {
		total += v
	}
	return total / float64(max(1, len(ms)))
}

// batch has a shell do the statements in one go; the time is one statement's.
func batch(statements []string) func(*shell) (float64, bool, error) {
	return func(s *shell) (float64, bool, error) {
		if len(statements) == 0 {
			return 0, false, nil
		}
		ms, err := s.run(strings.Join(statements, "\n"))
		return ms / float64(len(statements)), true, err
	}
}

func (b *bench) done(p *pairing) {
	b.rows = append(b.rows, p.row())
	b.tell(p.work)
}

// mark has the encrypted side's devices count their memory anew.
func (b *bench) mark() error {
	_, err := b.first(ours, request{Op: "mark"})
	if err == nil {
		_, err = b.second(ours, request{Op: "mark"})
	}
	return err
}

// sizes looks at the files after the import, before anything is changed.
func (b *bench) sizes() error {
	b.files = []size{{"records as NDJSON", b.c.bytes}}
	for _, f := range []struct{ what, path string }{
		{"phivault", b.members[ours][0].DB}, {"modernc, plain", b.members[modernc][0].DB},
		{"sqlcipher", filepath.Join(b.scratch, "sqlcipher.db")}, {"sqlite3", filepath.Join(b.scratch, "sqlite3.db")},
	} {
		st, err := os.Stat(f.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		b.files = append(b.files, size{f.what, st.Size()})
	}
	var remote int64
	err := filepath.Walk(b.members[ours][0].Remote, func(_ string, fi os.FileInfo, err error) error {
		if err == nil && fi.Mode().IsRegular() {
			remote += fi.Size()
		}
		return err
	})
	b.files = append(b.files, size{"at the remote", remote})
	return err
}
