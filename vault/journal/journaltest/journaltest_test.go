package journaltest

import (
	"context"
	"strings"
	"testing"

	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal/segment"
)

const pulse = `{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"pulse"},"valueInteger":60}`

func TestOneDeviceFillsTwoRemotes(t *testing.T) {
	a := Found(t, Scratch(t), "a")
	defer a.Close()
	a.Add(t, pulse)
	r := memory.New()
	for range 3 {
		if err := a.Sync(r); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for range r.List(context.Background(), segment.Space(a.VaultID())) {
		n++
	}
	if n != 1 {
		t.Errorf("%d objects, want 1", n)
	}
}

func TestTwoDevicesAgree(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	defer a.Close()
	a.Add(t, pulse)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	b.Add(t, strings.Replace(pulse, "o1", "o2", 1))
	for _, d := range []*Device{b, a, b} {
		if err := d.Sync(r); err != nil {
			t.Fatal(err)
		}
	}
	if x, y := a.Contents(t), b.Contents(t); x != y || strings.Count(x, "\n") != 2 {
		t.Fatalf("they differ:\n%s\n%s", x, y)
	}
	a.Add(t, strings.Replace(pulse, "60", "61", 1))
	b.Add(t, strings.Replace(pulse, "60", "62", 1))
	for _, d := range []*Device{a, b, a} {
		if err := d.Sync(r); err != nil {
			t.Fatal(err)
		}
	}
	if x, y := a.Contents(t), b.Contents(t); x != y || strings.Count(x, "true") != 1 {
		t.Fatalf("no conflict, or not the same:\n%s\n%s", x, y)
	}
	if err := b.Journal.CheckCode(context.Background(), a.Journal.Code()); err != nil {
		t.Error(err)
	}
	a.Verify(t)
	b.Verify(t)
}

// Attachments, and a payload too large for its segment.
func TestLargeThingsTravelBesideTheirSegment(t *testing.T) {
	dir, r, ctx := Scratch(t), memory.New(), context.Background()
	a := Found(t, dir, "a")
	defer a.Close()
	w, err := a.Store.NewBlob(ctx)
	check(t, err)
	content := secret.Random(300_000).Bytes()
	_, err = w.Write(content)
	check(t, err)
	sum, size, err := w.Commit()
	check(t, err)
	doc := `{"resourceType":"Binary","id":"b","contentType":"application/pdf","data":""}`
	res, err := fhir.Parse([]byte(doc), nil)
	check(t, err)
	res.Cuts = []vault.Cut{{Offset: int64(len(doc) - 2), Size: size, SHA256: sum}}
	p := &vault.Put{ID: vault.RecordIDOf("a", "Binary", "b"), Source: "a", Resource: &res}
	check(t, a.Store.Prepare(p))
	_, err = a.Store.Append(ctx, vault.Batch{Puts: []*vault.Put{p}})
	check(t, err)
	var noise strings.Builder
	for _, b := range secret.Random(700_000).Bytes() {
		noise.WriteByte("0123456789abcdef"[b&15])
	}
	a.Add(t, `{"resourceType":"Basic","id":"big","code":{"text":"`+noise.String()+`"}}`, pulse)
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	defer b.Close()
	for range 2 {
		check(t, b.Sync(r))
	}
	if a.Contents(t) != b.Contents(t) {
		t.Error("they differ")
	}
	body, err := b.Store.OpenBlob(ctx, sum)
	check(t, err)
	defer body.Close()
	b.Verify(t)
}

func TestARemovedDeviceIsShutOut(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	c := Join(t, a, r, dir, "c", segment.RoleOwner)
	for _, d := range []*Device{a, b, c} {
		defer d.Close()
	}
	for range 2 {
		for _, d := range []*Device{a, b, c} {
			check(t, d.Sync(r))
		}
	}
	check(t, c.Journal.Remove(context.Background(), b.Keys.ID()))
	check(t, c.Sync(r))
	check(t, a.Sync(r))
	b.Add(t, pulse) // before it knows
	check(t, Push(context.Background(), b.Journal, "r", r))
	check(t, a.Sync(r))
	a.Add(t, strings.Replace(pulse, "60", "99", 1))
	check(t, a.Sync(r))
	check(t, c.Sync(r))
	if strings.Contains(a.Contents(t), ":60") || a.Contents(t) != c.Contents(t) {
		t.Errorf("what a removed device wrote was applied:\n%s\n%s", a.Contents(t), c.Contents(t))
	}
	_ = b.Sync(r)
	if strings.Contains(b.Contents(t), ":99") {
		t.Error("a removed device reads what was written after")
	}
	for _, d := range []*Device{a, c} {
		st, err := d.Journal.Status(context.Background())
		check(t, err)
		if st.Quarantined != 1 {
			t.Errorf("%s: %+v", d.Name, st)
		}
		d.Verify(t)
	}
}

// Two owners admit a device each, apart: each new device was given no key of the
// epoch that the other owner minted, and finds it in its inbox.
func TestAnInboxBringsAnEpochMintedApart(t *testing.T) {
	dir, r := Scratch(t), memory.New()
	a := Found(t, dir, "a")
	b := Join(t, a, r, dir, "b", segment.RoleOwner)
	for range 2 {
		check(t, b.Sync(r))
		check(t, a.Sync(r))
	}
	c := joinApart(t, a, r, dir, "c")
	d := joinApart(t, b, r, dir, "d")
	a.Add(t, pulse)
	check(t, Push(context.Background(), a.Journal, "r", r))
	b.Add(t, strings.Replace(pulse, "o1", "o2", 1))
	check(t, Push(context.Background(), b.Journal, "r", r))
	all := []*Device{a, b, c, d}
	for range 4 {
		for _, x := range all {
			defer x.Close()
			if err := x.Sync(r); !known(err) {
				t.Fatalf("%s: %v", x.Name, err)
			}
		}
	}
	for _, x := range all[1:] {
		if got := x.Contents(t); got != a.Contents(t) || strings.Count(got, "\n") != 2 {
			t.Errorf("%s has\n%s", x.Name, got)
		}
	}
}

// joinApart enrols a device without a pull of the owner's in between.
func joinApart(t *testing.T, owner *Device, r remote.Remote, dir, name string) *Device {
	t.Helper()
	return join(t, owner, r, dir, name, segment.RoleMember, func() error {
		return Push(context.Background(), owner.Journal, "r", r)
	})
}

// A device that has applied what a removal then cuts off withdraws it; what a member
// wrote on top of that stays, is marked, and is the same on devices that never
// applied it.
func TestALateRemovalWithdraws(t *testing.T) {
	dir, r, ctx := Scratch(t), memory.New(), context.Background()
	a := Found(t, dir, "a")
	b := Join(t, a, r, dir, "b", segment.RoleMember)
	c := Join(t, a, r, dir, "c", segment.RoleOwner)
	all := []*Device{a, b, c}
	for range 2 {
		for _, d := range all {
			defer d.Close()
			check(t, d.Sync(r))
		}
	}
	check(t, c.Journal.Remove(ctx, b.Keys.ID()))
	b.Add(t, pulse, strings.Replace(pulse, "o1", "o2", 1), strings.Replace(pulse, "o1", "o3", 1))
	check(t, b.Sync(r))
	check(t, a.Sync(r)) // has b's records, and does not know of the removal
	a.Add(t, strings.Replace(pulse, "60", "61", 1))
	a.Delete(t, "Observation", "o2")
	check(t, a.Sync(r))
	check(t, c.Sync(r))
	for range 2 {
		check(t, a.Sync(r))
		check(t, c.Sync(r))
	}
	f := Join(t, a, r, dir, "f", segment.RoleMember)
	defer f.Close()
	check(t, f.Sync(r))
	for _, d := range []*Device{a, c, f} {
		st, err := d.Journal.Status(ctx)
		if err != nil || st.Quarantined != 1 || len(st.Held) > 0 {
			t.Errorf("%s: %v: %+v", d.Name, err, st)
		}
		if got := d.Contents(t); strings.Count(got, "\n") != 1 || !strings.Contains(got, ":61") {
			t.Errorf("%s has\n%s", d.Name, got)
		}
		h, err := d.Store.History(ctx, vault.RecordIDOf("a", "Observation", "o1"))
		if err != nil || len(h) != 1 || !h[0].Orphan {
			t.Errorf("%s: %v: %+v", d.Name, err, h)
		}
		d.Verify(t)
	}
	a.Add(t, strings.Replace(pulse, "60", "62", 1))
	check(t, a.Sync(r))
	check(t, c.Sync(r))
	for _, d := range []*Device{a, c} {
		if got := d.Contents(t); !strings.Contains(got, ":62") {
			t.Errorf("%s does not go on:\n%s", d.Name, got)
		}
		d.Verify(t)
	}
}
