package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// The trail says when an act was done, whenever the entry was written or came.
func TestAnActBeganWhenItWasDone(t *testing.T) {
	at := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		a    Audited
		want time.Time
	}{
		{Audited{At: at, Kind: KindAudit, Audit: AuditNote{First: "2026-03-07T10:00:00Z", Last: "2026-03-07T10:30:00Z"}}, at.Add(-50 * time.Hour)},
		{Audited{At: at, Kind: KindImport, Import: ImportNote{At: "2026-03-09T11:00:00Z"}}, at.Add(-time.Hour)},
		{Audited{At: at, Kind: KindAudit, Audit: AuditNote{First: "then"}}, at},
	} {
		if got := c.a.Began(); !got.Equal(c.want) {
			t.Errorf("%v, not %v", got, c.want)
		}
	}
}

// diary is a store in which every record is there, and that keeps the trail it is given.
type diary struct {
	Store
	mu     sync.Mutex
	trail  map[string]int // acts by action and record
	most   int            // notes in one batch
	refuse error
	wait   chan struct{} // nil, or Append waits for it
}

func (d *diary) Get(_ context.Context, id RecordID) (Record, error) { return Record{ID: id}, nil }

func (d *diary) Prepare(*Put) error { return nil }

func (d *diary) Append(_ context.Context, b Batch) ([]Outcome, error) {
	if d.wait != nil {
		<-d.wait
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return nil, d.refuse
	}
	for _, n := range b.Notes {
		var a AuditNote
		if err := json.Unmarshal(n.Payload, &a); err != nil {
			return nil, err
		}
		d.trail[fmt.Sprintf("%s %s", a.Action, n.Record)] += a.Count
	}
	d.most = max(d.most, len(b.Notes))
	return make([]Outcome, len(b.Puts)), nil
}

// scribe gives back what it writes, unless it cannot read that.
type scribe struct {
	*diary
	unread error
}

func (s scribe) Write(ctx context.Context, b Batch) (Record, bool, error) {
	if _, err := s.Append(ctx, b); err != nil {
		return Record{}, false, err
	}
	return Record{}, true, s.unread
}

func (d *diary) acts() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, c := range d.trail {
		n += c
	}
	return n
}

func read(t *testing.T, v *Vault, n int) {
	t.Helper()
	for i := range n {
		if _, err := v.Get(context.Background(), RecordID{1, byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadingDoesNotWaitForTheTrail(t *testing.T) {
	d := &diary{trail: map[string]int{}, wait: make(chan struct{})}
	v := New(Parts{Store: d})
	const n = 3*auditMost + 5
	read(t, v, n) // would not end if it waited
	read(t, v, 7)
	close(d.wait)
	if err := v.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if d.acts() != n+7 || len(d.trail) != n || d.most > auditMost {
		t.Errorf("%d acts of %d in %d notes, up to %d at once", d.acts(), n+7, len(d.trail), d.most)
	}
}

func TestWhatTheTrailCouldNotTakeItTakesLater(t *testing.T) {
	ctx := context.Background()
	full := fmt.Errorf("no room: %w", ErrFull)
	for name, act := range map[string]func(*Vault) error{
		"an edit":                    func(v *Vault) error { _, err := v.Edit(ctx, Record{}, &Resource{}); return err },
		"an edit that is given back": func(v *Vault) error { _, err := v.Edit(ctx, Record{}, &Resource{}); return err },
		"a deletion":                 func(v *Vault) error { return v.Delete(ctx, Record{}, Record{ID: RecordID{9}}) },
		"bringing back":              func(v *Vault) error { _, err := v.Undelete(ctx, Record{}); return err },
		"an export":                  func(v *Vault) error { return v.Record(ctx, ActionExport, RecordID{}) },
		"closing":                    func(v *Vault) error { return v.Close(ctx) },
	} {
		t.Run(name, func(t *testing.T) {
			d := &diary{trail: map[string]int{}, refuse: full}
			v := New(Parts{Store: d})
			if name == "an edit that is given back" {
				v = New(Parts{Store: scribe{diary: d}})
			}
			read(t, v, 2*auditMost+5)
			if err := act(v); !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
			read(t, v, 3)
			d.mu.Lock()
			d.refuse = nil
			d.mu.Unlock()
			if err := v.Close(ctx); err != nil {
				t.Fatal(err)
			}
			if d.acts() != 2*auditMost+8 || len(d.trail) != 2*auditMost+5 {
				t.Errorf("%d acts in %d notes: %d readings and what did not happen?", d.acts(), len(d.trail), 2*auditMost+8)
			}
		})
	}
}

func TestAnActIsNotedWithItsTrail(t *testing.T) {
	ctx := context.Background()
	d := &diary{trail: map[string]int{}}
	v := New(Parts{Store: d})
	read(t, v, 2)
	if err := v.Delete(ctx, Record{ID: RecordID{7}}, Record{ID: RecordID{8}}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"read " + RecordID{1}.String(), "delete " + RecordID{7}.String(), "delete " + RecordID{8}.String()} {
		if d.trail[key] != 1 {
			t.Errorf("%s: %d times in %v", key, d.trail[key], d.trail)
		}
	}
	if d.acts() != 4 {
		t.Errorf("%v", d.trail)
	}
}

// An edit that was kept took its trail with it, also when it cannot be read.
func TestWhatWasKeptIsNotNotedTwice(t *testing.T) {
	ctx := context.Background()
	d := &diary{trail: map[string]int{}}
	v := New(Parts{Store: scribe{d, ErrIntegrity}})
	read(t, v, 5)
	if _, err := v.Edit(ctx, Record{ID: RecordID{9}}, &Resource{}); !errors.Is(err, ErrIntegrity) {
		t.Fatal(err)
	}
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if d.acts() != 6 {
		t.Errorf("%d acts, not 6: %v", d.acts(), d.trail)
	}
}

func TestEachOfManyActsIsNoted(t *testing.T) {
	ctx := context.Background()
	d := &diary{trail: map[string]int{}}
	v := New(Parts{Store: d})
	records := make([]Record, auditMost+500)
	for i := range records {
		records[i].ID = RecordID{3, byte(i), byte(i >> 8)}
	}
	if err := v.Delete(ctx, records...); err != nil {
		t.Fatal(err)
	}
	if d.acts() != len(records) {
		t.Errorf("%d acts of %d", d.acts(), len(records))
	}
}

// For the race detector as well.
func TestTheTrailOfManyAtOnce(t *testing.T) {
	ctx := context.Background()
	d := &diary{trail: map[string]int{}}
	v := New(Parts{Store: scribe{diary: d}})
	const people, each = 4, 600
	var all sync.WaitGroup
	for p := range people {
		all.Go(func() {
			for i := range each {
				if _, err := v.Get(ctx, RecordID{1, byte(i), byte(i >> 8), byte(p)}); err != nil {
					t.Error(err)
				}
				if i%3 == 0 {
					_, _ = v.Edit(ctx, Record{ID: RecordID{9}}, &Resource{})
				}
				if i%50 == 0 {
					d.mu.Lock()
					d.refuse = []error{nil, ErrFull}[i/50%2]
					d.mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	d.refuse = nil
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if delete(d.trail, "edit "+RecordID{9}.String()); d.acts() != people*each {
		t.Errorf("%d readings, not %d", d.acts(), people*each)
	}
}

// What is done again while the note of it cannot be written is one note.
func TestWhatIsHeldBackAgainIsOneNote(t *testing.T) {
	now := time.Date(2026, 3, 9, 12, 0, 0, 0, time.UTC)
	a := newAuditor(func() time.Time { now = now.Add(time.Minute); return now })
	a.note(ActionRead, RecordID{1})
	a.note(ActionRead, RecordID{2})
	_, back := a.drain()
	a.note(ActionRead, RecordID{1})
	back()
	notes, _ := a.drain()
	if len(notes) != 2 {
		t.Fatalf("%d notes", len(notes))
	}
	want := `{"v":1,"session":"` + a.session + `","action":"read","patient":"` + RecordID{1}.String() + `","first":"2026-03-09T12:01:00Z","last":"2026-03-09T12:03:00Z","count":2}`
	if got := string(notes[0].Payload); got != want {
		t.Errorf("%s\nnot %s", got, want)
	}
}
