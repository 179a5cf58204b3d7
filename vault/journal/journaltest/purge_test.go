package journaltest

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func (d *Device) purge(t TB, typ, id string) {
	t.Helper()
	_, err := d.Store.Purge(context.Background(), []vault.RecordID{vault.RecordIDOf("a", typ, id)}, nil)
	if !errors.Is(err, vault.ErrNotFound) {
		check(t, err)
	}
}

// letter puts a record with an attachment in.
func (d *Device) letter(t TB, id, text string) {
	t.Helper()
	w, err := d.Store.NewBlob(context.Background())
	check(t, err)
	_, err = w.Write([]byte(text))
	check(t, err)
	sum, size, err := w.Commit()
	check(t, err)
	doc := `{"resourceType":"Binary","id":"` + id + `","contentType":"text/plain","data":""}`
	res, err := fhir.Parse([]byte(doc), nil)
	check(t, err)
	res.Cuts = []vault.Cut{{Offset: int64(len(doc) - 2), Size: size, SHA256: sum}}
	p := &vault.Put{ID: vault.RecordIDOf("a", "Binary", id), Source: "a", Resource: &res}
	check(t, d.Store.Prepare(p))
	_, err = d.Store.Append(context.Background(), vault.Batch{Puts: []*vault.Put{p}})
	check(t, err)
}

func noProblems(t TB, d *Device) {
	t.Helper()
	d.Verify(t)
	for _, w := range d.Journal.Waiting() {
		if w.Purge {
			t.Fatalf("%s waits for %s", d.Name, w.Text("X"))
		}
	}
}

// TestPurgesConverge lets owners purge while all write, sync and crash at random. At
// the end all agree, and so do a device that reads from the remote where everything
// was put with its content, and one that reads from one that was filled afterwards.
func TestPurgesConverge(t *testing.T) {
	base := Scratch(t)
	if os.Getenv("PHIVAULT_SLOW") == "" {
		check(t, flag.Set("rapid.checks", "8")) // each is long
		defer flag.Set("rapid.checks", "60")
	}
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		dir, r, later := fmt.Sprintf("%s/%d", base, n), memory.New(), memory.New()
		defer os.RemoveAll(dir)
		devices := []*Device{Found(rt, dir, "a")}
		defer func() {
			for _, d := range devices {
				d.Close()
			}
		}()
		for i, role := range []uint8{segment.RoleOwner, segment.RoleMember} {
			devices = append(devices, Join(rt, devices[0], r, dir, fmt.Sprint("b", i), role))
		}
		for range 2 {
			for _, d := range devices {
				check(rt, d.Sync(r))
			}
		}
		one := func(rt *rapid.T) *Device { return devices[rapid.IntRange(0, 2).Draw(rt, "device")] }
		owner := func(rt *rapid.T) *Device { return devices[rapid.IntRange(0, 1).Draw(rt, "owner")] }
		rt.Repeat(map[string]func(*rapid.T){
			"edit": func(rt *rapid.T) {
				one(rt).Add(rt, fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","code":{"text":"pulse"},"valueInteger":%d}`,
					rapid.IntRange(0, 3).Draw(rt, "id"), rapid.IntRange(1, 4).Draw(rt, "value")))
			},
			"letter": func(rt *rapid.T) {
				one(rt).letter(rt, fmt.Sprint("l", rapid.IntRange(0, 1).Draw(rt, "id")), fmt.Sprint("text", rapid.IntRange(0, 1).Draw(rt, "text")))
			},
			"delete": func(rt *rapid.T) {
				one(rt).Delete(rt, "Observation", fmt.Sprint("o", rapid.IntRange(0, 3).Draw(rt, "id")))
			},
			"purge": func(rt *rapid.T) {
				owner(rt).purge(rt, "Observation", fmt.Sprint("o", rapid.IntRange(0, 3).Draw(rt, "id")))
			},
			"purge letter": func(rt *rapid.T) {
				owner(rt).purge(rt, "Binary", fmt.Sprint("l", rapid.IntRange(0, 1).Draw(rt, "id")))
			},
			"sync":  func(rt *rapid.T) { check(rt, one(rt).Sync(r)) },
			"crash": func(rt *rapid.T) { one(rt).Crash(rt) },
		})
		for range 3 {
			for _, d := range devices {
				check(rt, d.Sync(r))
			}
		}
		i := rapid.IntRange(0, 1).Draw(rt, "who fills the other remote")
		check(rt, Sync(context.Background(), devices[i].Journal, "later", later))
		devices = append(devices, Join(rt, devices[i], r, dir, "fresh", segment.RoleMember))
		devices = append(devices, join(rt, devices[i], later, dir, "late", segment.RoleMember, func() error {
			return Sync(context.Background(), devices[i].Journal, "later", later)
		}))
		for range 3 {
			for k, d := range devices {
				name, at := "r", remote.Remote(r)
				if k == 4 {
					name, at = "later", later
				}
				if err := Sync(context.Background(), d.Journal, name, at); !known(err) {
					rt.Fatalf("%v", err)
				}
			}
			check(rt, Sync(context.Background(), devices[i].Journal, "later", later))
		}
		want := devices[0].Contents(rt)
		for _, d := range devices {
			if got := d.Contents(rt); got != want {
				rt.Fatalf("%s differs:\n%s\n%s", d.Name, want, got)
			}
			noProblems(rt, d)
		}
	})
}

// What a member sends without its content, and with no purge, is named, shown as
// missing, and keeps the device from passing it on.
func TestAContentStrippedWithoutAPurgeIsNoticed(t *testing.T) {
	ctx, dir, whole, r := context.Background(), Scratch(t), memory.New(), malicious.New(memory.New())
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, patient("p1"), pulse)
	check(t, a.Sync(whole))
	a.purge(t, "Patient", "p1")
	check(t, Sync(ctx, a.Journal, "stripped", r)) // the purge and what it names, without content
	b := Join(t, a, whole, dir, "b", segment.RoleMember)
	defer b.Close()
	check(t, Sync(ctx, a.Journal, "stripped", r))
	// The store withholds the segment with the purge.
	exposed, err := a.Journal.Exposure(ctx, "stripped")
	check(t, err)
	r.Hide(exposed[1].Name)
	if err := Sync(ctx, b.Journal, "r", r); !errors.Is(err, journal.ErrWaiting) || !strings.Contains(err.Error(), "no purge names") {
		t.Fatalf("it goes on: %v", err)
	}
	w := b.Journal.Waiting()
	if i := slices.IndexFunc(w, func(w journal.Waiting) bool { return w.Purge }); i < 0 || !strings.HasPrefix(w[i].Text("A"), "the purge of what A 0 lacks") {
		t.Fatalf("%+v", w)
	}
	if rec, err := b.Store.Get(ctx, vault.RecordIDOf("a", "Patient", "p1")); err != nil || !rec.Purged {
		t.Errorf("%+v, %v", rec, err)
	}
	problems := 0
	_, err = b.Store.Verify(ctx, false, func(vault.Problem) { problems++ }, nil)
	check(t, err)
	if problems == 0 {
		t.Error("verify is content")
	}
	r.Show(exposed[1].Name)
	for range 2 {
		check(t, Sync(ctx, b.Journal, "r", r))
	}
	noProblems(t, b)
	if a.Contents(t) != b.Contents(t) {
		t.Error("they differ")
	}
}

// A member who is no owner cannot purge: its log stops there, with everybody.
func TestAMembersPurgeIsForged(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	a.Add(t, patient("p1"))
	for _, d := range []*Device{a, b, a} {
		check(t, d.Sync(r))
	}
	before := a.Logical(t)
	b.purge(t, "Patient", "p1")
	check(t, b.Sync(r))
	if err := a.Sync(r); !errors.Is(err, journal.ErrForged) {
		t.Fatalf("it is taken: %v", err)
	}
	if a.Logical(t) != before {
		t.Error("it had an effect")
	}
	a.Verify(t)
}

// What an owner purged after its removal has no effect, whichever came first.
func TestAPurgeAfterARemovalHasNoEffect(t *testing.T) {
	ctx, dir, r := context.Background(), Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleOwner)
	defer b.Close()
	a.Add(t, patient("p1"), patient("p2"))
	for _, d := range []*Device{a, b, a, b} {
		check(t, d.Sync(r))
	}
	before := a.Contents(t)
	b.purge(t, "Patient", "p1")
	check(t, a.Journal.Remove(ctx, b.Keys.ID()))
	check(t, Push(ctx, b.Journal, "r", r))
	for range 2 {
		if err := a.Sync(r); !known(err) {
			t.Fatal(err)
		}
	}
	if got := a.Contents(t); got != before {
		t.Errorf("it had an effect:\n%s", got)
	}
	if st, err := a.Journal.Status(ctx); err != nil || st.Quarantined == 0 {
		t.Errorf("the purge is not here: %+v, %v", st, err)
	}
	noProblems(t, a)
	c := Join(t, a, r, dir, "c", segment.RoleMember)
	defer c.Close()
	for range 2 {
		check(t, c.Sync(r))
	}
	if got := c.Contents(t); got != before {
		t.Errorf("a new device:\n%s", got)
	}
}

// Many purged at once wait for a word, as deletions do.
func TestUnusuallyManyPurgesWait(t *testing.T) {
	ctx, dir, r := context.Background(), Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	b := Join(t, a, r, dir, "b", segment.RoleOwner)
	defer b.Close()
	var ids []vault.RecordID
	for i := range 60 {
		a.Add(t, patient(fmt.Sprint("p", i)))
		ids = append(ids, vault.RecordIDOf("a", "Patient", fmt.Sprint("p", i)))
	}
	for _, d := range []*Device{a, b, a, b} {
		check(t, d.Sync(r))
	}
	_, err := b.Store.Purge(ctx, ids, nil)
	check(t, err)
	b.Journal.ConfirmOwn()
	check(t, b.Sync(r))
	check(t, a.Sync(r))
	st, err := a.Journal.Status(ctx)
	check(t, err)
	if len(st.Deletions) != 1 || st.Deletions[0].Records != 60 {
		t.Fatalf("%+v", st.Deletions)
	}
	check(t, a.Journal.Confirm(ctx, st.Deletions[0].Place))
	if a.Contents(t) != b.Contents(t) {
		t.Error("they differ after a word")
	}
	noProblems(t, a)
}
