package attacktest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"testing"
	"unicode/utf16"

	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

type journalEnvelope = engine.Envelope

// Attack 37. The host searches everything that it was given, objects and names,
// for canaries: raw, base64, UTF-16. Expected: nothing. Seen to find them with seal's
// writer and reader leaving chunks as they are.
func TestAttack37Canaries(t *testing.T) {
	w := newWorld(t)
	w.b.Add(t, note("y", 1))
	w.sync(w.b)
	var wide []byte
	for _, u := range utf16.Encode([]rune(canary)) {
		wide = append(wide, byte(u), byte(u>>8))
	}
	forms := [][]byte{[]byte(canary), wide}
	for shift := range 3 {
		b := base64.StdEncoding.EncodeToString(append(make([]byte, shift), canary...))
		forms = append(forms, []byte(b[4:len(b)-4]))
	}
	id := w.a.VaultID()
	forms = append(forms, []byte("Condition"), []byte("resourceType"), id[:])
	found := func(b []byte) bool {
		return slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(b, f) })
	}
	plain := segment.Plaintext(w.last(w.b, w.b), make([][]byte, len(w.last(w.b, w.b).Entries)))
	coded := base64.StdEncoding.EncodeToString([]byte(note("y", 1)))
	if !found([]byte(note("y", 1))) || !found([]byte(coded)) || !found(wide) || !found(plain) {
		t.Fatal("the search would not find them")
	}
	for n, o := range w.host.objects {
		if found(o) || found([]byte(n.String())) {
			t.Errorf("%s holds a canary", n)
		}
	}
}

// Attack 38. The host looks at sizes and counts requests. Expected: sizes only in
// buckets, and another diagnosis of about the same length changes neither size nor
// number. Seen to succeed with segment.Seal padding exactly.
func TestAttack38Sizes(t *testing.T) {
	w := newWorld(t)
	var seen []string
	for i, diagnosis := range []string{"flu", "HIV disease, stage 2, with a long explanation of what was found and when"} {
		before := w.host.copy()
		w.host.requests = 0
		w.b.Add(t, note(fmt.Sprint("d", i), diagnosis))
		w.sync(w.b)
		var sizes []int
		for n, o := range w.host.objects {
			if before[n] == nil {
				sizes = append(sizes, len(o))
			}
		}
		slices.Sort(sizes)
		seen = append(seen, fmt.Sprint(sizes, w.host.requests))
	}
	if seen[0] != seen[1] {
		t.Errorf("%s, then %s", seen[0], seen[1])
	}
	for n, o := range w.host.objects {
		if !slices.Contains([]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20}, len(o)) {
			t.Errorf("%s has %d bytes", n, len(o))
		}
	}
}

// Attack 39. The same attachment in two records. Expected: two objects under
// unrelated names with unrelated bytes. Seen to succeed with blob names derived
// from content.
func TestAttack39TheSameAttachmentTwice(t *testing.T) {
	w := newWorld(t)
	before := w.host.copy()
	content := secret.Random(200_000).Bytes() // a scan: nothing that packing makes smaller
	for _, id := range []string{"1", "2"} {
		attach(t, w.b, id, content)
	}
	w.sync(w.b, w.a)
	var blobs [][]byte
	for n, o := range w.host.objects {
		if before[n] == nil && len(o) == 256<<10 {
			blobs = append(blobs, o)
		}
	}
	if len(blobs) != 2 {
		t.Fatalf("%d objects for two attachments", len(blobs))
	}
	for at := 80; at+16 <= len(blobs[0]); at += 16 {
		if bytes.Contains(blobs[1][80:], blobs[0][at:at+16]) {
			t.Fatal("they share ciphertext")
		}
	}
	if w.a.Contents(t) != w.b.Contents(t) {
		t.Error("it did not arrive")
	}
}

func attach(t *testing.T, d *journaltest.Device, id string, content []byte) {
	t.Helper()
	blob, err := d.Store.NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := blob.Write(content); err != nil {
		t.Fatal(err)
	}
	sum, size, err := blob.Commit()
	if err != nil {
		t.Fatal(err)
	}
	doc := fmt.Sprintf(`{"resourceType":"Binary","id":"%s","contentType":"image/png","data":""}`, id)
	res, err := fhir.Parse([]byte(doc), nil)
	if err != nil {
		t.Fatal(err)
	}
	res.Cuts = []vault.Cut{{Offset: int64(len(doc) - 2), Size: size, SHA256: sum}}
	p := &vault.Put{ID: vault.RecordIDOf("a", "Binary", id), Source: "a", Resource: &res}
	if err := d.Store.Prepare(p); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Store.Append(ctx, vault.Batch{Puts: []*vault.Put{p}}); err != nil {
		t.Fatal(err)
	}
}
