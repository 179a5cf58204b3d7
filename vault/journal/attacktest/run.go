package attacktest

import (
	"context"
	"errors"
	"fmt"

	"phivault/sync/remote"
)

// Result is what came of one attack.
type Result struct {
	Number int    // on the threat model's list
	Does   string // what the attacker tried
	Held   bool
	// Why it did not: what the client did, or how the store failed so that nothing can
	// be said. It holds nothing of any record.
	Why string
	Err error // of the store; nil where the client itself gave way
}

// Run plays the scripted attacks over a store: everything honest goes through it, and
// what a host could do is done to its answers on their way. The vault is a scratch one,
// of throwaway keys and of records about nobody, in dir, which must be empty and is the
// caller's to remove. Its objects lie under a tag of its own, or within the space that a
// store is bound to, where their random names meet no others.
//
// What was put is removed where the store allows it; left is the number of objects that
// stay. The error is that of a store on which no scratch vault can be made.
func Run(ctx context.Context, r remote.Remote, within remote.Space, dir string, tell func(Result)) (left int, err error) {
	v, err := newArena(ctx, r, within, dir)
	if err != nil {
		if v != nil {
			left = v.kept.clear(context.WithoutCancel(ctx))
		}
		return left, err
	}
	for _, a := range attacks {
		if err = ctx.Err(); err != nil {
			break
		}
		res := Result{Number: a.number, Does: a.does, Held: true}
		if e := a.run(ctx, v); e != nil {
			if err = ctx.Err(); err != nil {
				break // of this one nothing is known
			}
			res.Held, res.Why = false, e.Error()
			if !errors.Is(e, errTook) {
				res.Err = fmt.Errorf("attack %d: %w", a.number, e)
			}
			_ = v.settle(ctx) // what cannot be brought together again, the next ones find
		}
		tell(res)
	}
	err = errors.Join(err, v.close(context.WithoutCancel(ctx)))
	return v.kept.clear(context.WithoutCancel(ctx)), err
}
