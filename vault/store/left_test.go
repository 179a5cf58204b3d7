package store

import (
	"strings"
	"testing"

	"phivault/vault"
)

// A segment that this device wrote under other keys is withdrawn as other devices'
// are, when it lies as theirs do: transactions of its own, one after the other. One that
// has something of another's between them, or a part of a transaction, stands. Seen to
// leave all of several transactions with only one taken for a segment's own; and to take
// others' records with it without the sum and the beginning of its transactions.
func TestWhatWasWrittenInALogThatWasLeftIsWithdrawn(t *testing.T) {
	for name, c := range map[string]struct {
		out   int
		write func(a, b *Store)
	}{
		"transactions of its own": {1, func(a, _ *Store) {
			addJSON(t, a, ann, weight, strings.Replace(weight, "71.50", "73", 1))
		}},
		"another's between them": {0, func(a, b *Store) {
			addJSON(t, a, ann)
			addJSON(t, b, asthma)
			cutAll(t, b)
			pull(t, a, b)
			addJSON(t, a, weight)
		}},
		"the middle of one": {0, func(a, _ *Store) {
			six(t, a)
			addJSON(t, a, ann)
		}},
		"the middle of one, and as much of another's": {0, func(a, b *Store) {
			six(t, a)
			if _, ok, err := a.Cut(ctx, vault.CutLimits{Entries: 5}, drafted); !ok || err != nil {
				t.Fatal(err)
			}
			addJSON(t, b, asthma, weight, strings.Replace(weight, "71.50", "73", 1), strings.Replace(weight, "71.50", "74", 1))
			cutAll(t, b)
			if n := pull(t, a, b).Entries; n != 5 {
				t.Fatalf("%d entries", n)
			}
			addJSON(t, a, ann)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := device(t, 1), device(t, 2)
			old, err := a.Own(ctx)
			if err != nil {
				t.Fatal(err)
			}
			cutAll(t, a)
			before := contents(t, a)
			c.write(a, b)
			cutAll(t, a)
			next := uint64(0)
			for _, p := range mustPlaces(t, a) {
				if p.Log == old {
					next = p.Seq + 1
				}
			}
			whole, _ := another(t, a, vault.LogID{Device: [16]byte{3}}, next)
			done, err := a.Withdraw(ctx, map[vault.LogID]uint64{old: 1}, nil)
			if err != nil || done.Out != c.out {
				t.Fatalf("%v: %+v", err, done)
			}
			want := whole
			if c.out > 0 {
				want = before
			}
			if got := contents(t, a); got != want {
				t.Errorf("%s\nand not\n%s", got, want)
			}
			clean(t, a)
			if done, err = a.Withdraw(ctx, nil, nil); err != nil || done.Back != c.out || contents(t, a) != whole {
				t.Errorf("%v: %+v: %s", err, done, contents(t, a))
			}
			clean(t, a)
		})
	}
}

// six adds six records in one transaction, of which a segment of cutAll's has five.
func six(t *testing.T, s *Store) {
	t.Helper()
	var puts []*vault.Put
	for _, id := range []string{"1", "2", "3", "4", "5", "6"} {
		puts = append(puts, put(t, s, `{"resourceType":"Condition","id":"`+id+`"}`))
	}
	add(t, s, puts...)
}
