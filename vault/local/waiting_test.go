package local

import (
	"testing"
	"time"

	"phivault/vault"
)

// What is waited for keeps its beginning over openings and syncs that bring nothing.
func TestWhatIsWaitedForIsRemembered(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	w.o.Clock = func() time.Time { return now }
	v := w.create()
	w.close(v)
	other := vault.LogID{Device: [16]byte{7}}
	v = w.open()
	floors := `[{"Log":{"Device":[7,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"Number":0},"Seq":3}]`
	if err := v.database.store.SetState(ctx, floorsState, []byte(floors)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		j, err := v.Journal(ctx)
		if err != nil {
			t.Fatal(err)
		}
		list, err := v.NoteWaiting(ctx, j)
		if err != nil {
			t.Fatal(err)
		}
		if len(list) != 1 || list[0].Log != other || list[0].To != 3 || !list[0].Since.Equal(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)) {
			t.Fatalf("%+v", list)
		}
		w.close(v)
		now = now.Add(30 * time.Hour)
		v = w.open()
		if got, err := v.Waited(ctx); err != nil || len(got) != 1 {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	w.close(v)
}
