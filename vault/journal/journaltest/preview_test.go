package journaltest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func preview(d *Device, r remote.Remote) (journal.Forecast, error) {
	return d.Journal.Preview(context.Background(), "r", func(ctx context.Context, n remote.Name) ([]byte, error) {
		body, _, err := r.Get(ctx, n)
		if err != nil {
			return nil, err
		}
		defer body.Close()
		return io.ReadAll(body)
	}, d.Store.EachUncut(segment.MaxInline))
}

func stored(t TB, r remote.Remote) (objects int, bytes int64) {
	for e, err := range remote.List(context.Background(), r, remote.Space{}) {
		check(t, err)
		objects++
		bytes += e.Size
	}
	return objects, bytes
}

func TestAPreviewSaysWhatASyncThenMovesAndChangesNothing(t *testing.T) {
	dir, r := t.TempDir(), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, patient("p1"))
	b := Join(t, a, r, dir, "b", segment.RoleOwner)
	defer b.Close()
	for _, d := range []*Device{a, b, a, b} {
		check(t, d.Sync(r))
	}
	for _, add := range []int{0, 1, 3000, 4000, 9000} { // nothing, one segment, more than one
		var docs []string
		for i := range add {
			docs = append(docs, patient(fmt.Sprintf("q%d-%d", add, i)))
		}
		for c := range slices.Chunk(docs, 4000) {
			a.Add(t, c...)
		}
		logical := a.Logical(t)
		kept, _ := stored(t, r)
		f, err := preview(a, r)
		check(t, err)
		if now, _ := stored(t, r); a.Logical(t) != logical || now != kept {
			t.Fatalf("%d: a preview changed something", add)
		}
		before, beforeBytes := stored(t, r)
		check(t, a.Sync(r))
		after, afterBytes := stored(t, r)
		if got, want := f.Push.Objects, after-before; got != want {
			t.Errorf("%d added: %d objects foreseen, %d put", add, got, want)
		}
		if got, want := f.Push.Bytes, afterBytes-beforeBytes; got != want {
			t.Errorf("%d added: %d bytes foreseen, %d put", add, got, want)
		}
		if f, err = preview(a, r); err != nil || f.Push.Objects != 0 || f.Pull.Objects != 0 {
			t.Errorf("%d added: after a sync %+v, %v", add, f, err)
		}
		f, err = preview(b, r)
		check(t, err)
		if (f.Pull.Segments > 0) != (add > 0) {
			t.Errorf("%d added: the other device foresees %+v", add, f.Pull)
		}
		check(t, b.Sync(r))
		if _, got := b.Journal.Tally("r"); !f.More && got != f.Pull.Tally {
			t.Errorf("%d added: %+v pulled, %+v foreseen", add, got, f.Pull.Tally)
		}
		check(t, a.Sync(r))
	}
}

func TestAPreviewNamesAStoreThatWentBack(t *testing.T) {
	dir, r := t.TempDir(), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, patient("p1"))
	check(t, a.Sync(r))
	if _, err := preview(a, memory.New()); !errors.Is(err, journal.ErrGone) {
		t.Errorf("an empty store: %v", err)
	}
}

func patient(id string) string {
	return `{"resourceType":"Patient","id":"` + id + `","gender":"unknown"}`
}
