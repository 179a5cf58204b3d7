package local

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"phivault/vault"
	"phivault/vault/journal"
)

const waitingState = "local/waiting"

// Waited is something that has not arrived, and since when it is waited for here.
type Waited struct {
	journal.Waiting
	Since time.Time
}

// Waited is what was waited for after the last sync and has not come since.
func (v *Vault) Waited(ctx context.Context) (list []Waited, err error) {
	b, err := v.database.store.State(ctx, waitingState)
	if err == nil && b != nil && json.Unmarshal(b, &list) != nil {
		err = fmt.Errorf("%w: setting %q", vault.ErrIntegrity, waitingState)
	}
	return list, err
}

// NoteWaiting brings up to date, after a sync, what is waited for, and gives it. What
// a remote did not give because it was out of reach stays in the list.
func (v *Vault) NoteWaiting(ctx context.Context, j *journal.Journal) ([]Waited, error) {
	old, err := v.Waited(ctx)
	if err != nil {
		return nil, err
	}
	now := v.o.now()
	waits := j.Waiting()
	list := slices.DeleteFunc(slices.Clone(old), func(w Waited) bool {
		if w.Purge {
			return !slices.ContainsFunc(waits, func(o journal.Waiting) bool { return o.Log == w.Log && o.Purge })
		}
		return j.Arrived(w.Log, w.To)
	})
	for i, w := range list {
		if w.Purge {
			continue
		}
		// As long as a log moves, nothing in it waits for long.
		if j.Arrived(w.Log, w.From) {
			for ; j.Arrived(w.Log, list[i].From); list[i].From++ {
			}
			list[i].Since = now
		}
	}
	for _, w := range waits {
		i := slices.IndexFunc(list, func(o Waited) bool {
			return o.Log == w.Log && o.By == w.By && o.Beside == w.Beside && o.Purge == w.Purge
		})
		if i < 0 {
			list = append(list, Waited{w, now})
		} else {
			list[i].To = max(list[i].To, w.To)
		}
	}
	if slices.Equal(list, old) {
		return list, nil
	}
	b, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	return list, v.database.store.SetState(ctx, waitingState, b)
}
