package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/store/cryptvfs"
)

// Whose patient a record is and of what type are told by its row alone: a deep look
// compares them with what the payload says. Seen to pass over each when it did not.
func TestVerifySeesWhoseARecordIs(t *testing.T) {
	other := `{"resourceType":"Patient","id":"p2","name":[{"family":"Other"}]}`
	const observations = " WHERE type=(SELECT word FROM word WHERE text='Observation')"
	for _, change := range []string{
		"UPDATE record SET subject=(SELECT subject FROM subject WHERE ref='Patient/p2')" + observations,
		"UPDATE record SET subject=NULL" + observations,
		"UPDATE record SET subject=1 WHERE subject IS NULL",
		"UPDATE record SET type=(SELECT word FROM word WHERE text='Patient')" + observations,
		"UPDATE subject SET ref='Patient/p9' WHERE ref='Patient/p2'",
		"UPDATE subject SET source=source+1 WHERE ref='Patient/p2'",
	} {
		s := newPlain(t)
		addJSON(t, s, ann, other, weight, asthma, `{"resourceType":"Basic","id":"b","code":{"text":"nobody's"}}`)
		clean(t, s)
		n := int64(0)
		if err := whileAlone(s, func(w *conn) (err error) { n, err = w.change(change); return err }); err != nil || n == 0 {
			t.Fatal(change, n, err)
		}
		if p := verify(t, s, false); len(p) == 0 {
			t.Errorf("nothing is told of: %s", change)
		}
	}
}

// Who closes a store and then its VFS finds no file of it open, also when it was just
// being checked.
func TestClosingWaitsForAVerification(t *testing.T) {
	vfs, err := cryptvfs.New(cryptvfs.Options{Key: make([]byte, 32), VaultID: testOptions().VaultID})
	if err != nil {
		t.Fatal(err)
	}
	o := testOptions()
	o.VFS = vfs.Name()
	s := create(t, o)
	for i := range 100 {
		addJSON(t, s, strings.Replace(weight, `"w1"`, fmt.Sprintf(`"w%d"`, i), 1))
	}
	begun, verified := make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		_, err := s.Verify(ctx, false, func(vault.Problem) {}, func(done, total int64) {
			if first {
				first = false
				close(begun)
				<-s.ended
			}
		})
		verified <- err
	}()
	<-begun
	if err := errors.Join(s.Close(), vfs.Close()); err != nil {
		t.Error(err)
	}
	<-verified
	if _, err := s.Verify(ctx, true, func(vault.Problem) {}, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("checking what is closed: %v", err)
	}
}

// Whether a record is in conflict, which of its versions is shown, and what else it is called,
// is what its history leads to. Seen to pass over each when it was not compared.
func TestVerifyComparesAConflictWithItsHistory(t *testing.T) {
	const patients = " WHERE id=(SELECT id FROM record WHERE type=(SELECT word FROM word WHERE text='Patient'))"
	apart := func() *Store {
		a, b := device(t, 1), device(t, 2)
		addJSON(t, a, ann, weight)
		exchange(t, a, b)
		addJSON(t, a, strings.Replace(ann, "1950", "1951", 1), strings.Replace(weight, "71.50", "72", 1))
		addJSON(t, b, strings.Replace(ann, "Ann", "Anne", 1))
		exchange(t, a, b)
		clean(t, a)
		clean(t, b)
		return a
	}
	for _, change := range []string{
		"UPDATE record SET state=0" + patients,
		"UPDATE record SET state=2 WHERE state=0 AND revisions=2", // of the other
		"DELETE FROM name",
		"DELETE FROM name WHERE hash=(SELECT min(hash) FROM name)",
		"UPDATE name SET record=record+1",
	} {
		s := apart()
		n := int64(0)
		if err := whileAlone(s, func(w *conn) (err error) { n, err = w.change(change); return err }); err != nil || n == 0 {
			t.Fatal(change, n, err)
		}
		if p := verify(t, s, false); len(p) != 1 || p[0].Kind != "view" {
			t.Errorf("%s: told is %v", change, p)
		}
	}
}

// Who stops a verification is told of no problem. Seen to fail with a batch that was not read
// to its end taken for one that lacks entries.
func TestAVerificationThatIsStoppedFindsNothing(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann, weight, asthma)
	for _, quick := range []bool{true, false} {
		for after := range 3 {
			c, stop := context.WithCancel(ctx)
			n := 0
			_, err := s.Verify(c, quick, func(p vault.Problem) { t.Errorf("told is %v", p) }, func(int64, int64) {
				if n++; n > after {
					stop()
				}
			})
			if stop(); !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		}
	}
}
