package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"phivault/vault"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
	"phivault/vault/store"
)

// workerArg is the argument under which the program starts itself as the process
// of one side. What is measured runs there, so that neither side's memory, cache
// or garbage is the other's.
const workerArg = "side"

// request and reply go through stdin and stdout, one JSON object a line.
type request struct {
	Op       string
	N        int // times, records
	Seed     uint64
	Path     string // import, fragment: NDJSON; backup: the new file
	From, To int64  // bytes of Path
	Member   *member
	Queries  *queries
}

type reply struct {
	MS    []float64 // of each time
	Count int64     // of records or bytes that the act was about
	Peak  float64   // MiB that the process held at most since the last mark; 0 where it cannot tell
	Err   string
}

// worker is one side's process.
type worker struct {
	*opened
	m       member
	queries *queries
}

// runWorker serves requests until stdin ends. An interrupt is the parent's to act
// on: it ends stdin.
func runWorker(in io.Reader, out io.Writer) int {
	signal.Ignore(os.Interrupt)
	local.LimitMemory() // as the product does
	ctx := context.Background()
	w := &worker{}
	dec, enc := json.NewDecoder(in), json.NewEncoder(out)
	for {
		var q request
		if err := dec.Decode(&q); err != nil {
			if w.opened != nil && w.close(ctx) != nil || !errors.Is(err, io.EOF) {
				return 1
			}
			return 0
		}
		r, err := w.serve(ctx, q)
		if err != nil {
			r.Err = err.Error()
		}
		r.Peak = peakMiB()
		if enc.Encode(r) != nil {
			return 1
		}
	}
}

func (w *worker) serve(ctx context.Context, q request) (reply, error) {
	switch q.Op {
	case "setup":
		w.m, w.queries = *q.Member, q.Queries
		return reply{}, w.reopen(ctx)
	case "mark":
		markPeak()
		return reply{}, nil
	case "close":
		err := w.close(ctx)
		w.opened = nil
		return reply{}, err
	case "open":
		return w.openings(ctx, q.N, q.Seed != 0)
	case "import":
		return w.load(ctx, q)
	case "fragment":
		return reply{}, w.fragment(ctx, q)
	case "settle":
		return reply{}, errors.Join(w.store.Settle(ctx), w.store.Checkpoint(ctx))
	case "editmerge":
		return w.editMerging(ctx, q)
	case "verify":
		return w.verify(ctx)
	case "sync":
		r := reply{MS: make([]float64, 1)}
		var err error
		r.MS[0] = timed(func() { err = w.sync(ctx) })
		return r, err
	case "backup":
		return w.backup(ctx, q.Path)
	}
	return w.ask(ctx, q)
}

func (w *worker) reopen(ctx context.Context) (err error) {
	w.opened, err = w.m.open(ctx, store.Open)
	return err
}

func timed(f func()) float64 {
	t := time.Now()
	f()
	return time.Since(t).Seconds() * 1000
}

// openings opens the database n times; cold says that the system forgets its
// pages before each.
func (w *worker) openings(ctx context.Context, n int, cold bool) (r reply, err error) {
	if err := w.store.Checkpoint(ctx); err != nil {
		return r, err
	}
	for range n {
		if err := w.close(ctx); err != nil {
			return r, err
		}
		w.opened = nil
		if cold {
			if err := forget(w.m.DB); err != nil {
				return r, err
			}
		}
		r.MS = append(r.MS, timed(func() { err = w.reopen(ctx) }))
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// verify is deep: everything there is to check.
func (w *worker) verify(ctx context.Context) (r reply, err error) {
	var v vault.Verified
	problems := 0
	r.MS = append(r.MS, timed(func() {
		v, err = w.store.VerifyWith(ctx, false, segment.AsSigned, func(vault.Problem) { problems++ }, nil)
	}))
	if err == nil && problems > 0 {
		err = fmt.Errorf("%w: verify found %d problems", vault.ErrIntegrity, problems)
	}
	r.Count = v.Records
	return r, err
}
