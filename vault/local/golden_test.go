package local

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// A vault that an older build made must open with every later one, migrated and
// whole. The first format's lies in testdata/golden-1. Another device wrote a part of
// golden-2, whose segments do not say when their entries were made, and of golden-3,
// whose segments do. The next format's get folders of their own, made by
//
//	go test ./vault/local -run Golden -write-golden testdata/golden-N
//	go test ./vault/local -run Golden -write-golden-shared testdata/golden-N
var (
	writeGolden       = flag.String("write-golden", "", "make a golden vault in this new folder")
	writeGoldenShared = flag.String("write-golden-shared", "", "make one that two devices wrote")
)

func TestGoldenVaultsOpen(t *testing.T) {
	if *writeGolden != "" {
		makeGolden(t, *writeGolden)
	}
	if *writeGoldenShared != "" {
		makeShared(t, *writeGoldenShared)
	}
	golden, err := filepath.Glob("testdata/golden-*")
	if err != nil || len(golden) == 0 {
		t.Fatalf("no golden vault: %v", err)
	}
	for _, dir := range golden {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			w := newWorld(t)
			f := copyFolder(t, dir)
			want := string(f["contents.txt"])
			delete(f, "contents.txt")
			delete(f, timesFile)
			if err := os.Mkdir(w.dir, 0o700); err != nil {
				t.Fatal(err)
			}
			f.put(t, w.dir)
			v := w.open()
			if got := contentsOf(t, v); got != want || want == "" {
				t.Errorf("it holds\n%s\nnot\n%s", got, want)
			}
			var problems []vault.Problem
			if _, err := v.Verify(ctx, false, func(p vault.Problem) { problems = append(problems, p) }, nil); err != nil || len(problems) > 0 {
				t.Errorf("verify: %v %v", err, problems)
			}
			addPatient(t, v.Vault, 9)
			if err := v.Rebuild(ctx, nil); err != nil {
				t.Error(err)
			}
			if v = w.rekeyed(v); ownMember(t, v).Was == "" {
				t.Error("its keys do not end")
			}
			wantClean(t, v)
		})
	}
}

// contentsOf tells all that a vault holds: records, their versions and hashes,
// what searches find, and the attachments' hashes.
func contentsOf(t *testing.T, v *Vault) string {
	t.Helper()
	var lines []string
	for _, deleted := range []bool{false, true} {
		for r, err := range v.Find(ctx, vault.Query{Deleted: deleted}) {
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := v.WriteJSON(ctx, &b, r); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s v%d deleted=%v patient=%s %x", r.ID, r.Resource.Type, r.Version, deleted, r.Patient, sha256.Sum256(b.Bytes())))
		}
	}
	for _, q := range []vault.Query{{Text: "hypertension"}, {Text: "blood pressure"}, {Code: "8480-6"}, {Type: "Observation"}} {
		n := 0
		for _, err := range v.Find(ctx, q) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		lines = append(lines, fmt.Sprintf("found %q %q %q: %d", q.Text, q.Code, q.Type, n))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n") + "\n"
}

func makeGolden(t *testing.T, dir string) {
	t.Helper()
	w := newWorld(t)
	v := w.create()
	var ids []vault.RecordID
	var b vault.Batch
	for j := range synth.New(synth.Options{Seed: 1, Records: 120}).Resources() {
		r, err := fhir.Parse(bytes.Clone(j), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID == "" {
			continue
		}
		p := &vault.Put{ID: vault.RecordIDOf("golden", r.Type, r.ID), Source: "golden", Resource: &r, FullURL: "urn:uuid:golden-" + r.ID}
		if err := v.database.store.Prepare(p); err != nil {
			t.Fatal(err)
		}
		b.Puts = append(b.Puts, p)
		ids = append(ids, p.ID)
	}
	if _, err := v.database.store.Append(ctx, b); err != nil {
		t.Fatal(err)
	}
	for _, id := range ids[5:10] {
		r, err := v.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Delete(ctx, r); err != nil {
			t.Fatal(err)
		}
	}
	addAttachment(t, v, 70<<10)
	addPatient(t, v.Vault, 0)
	contents := contentsOf(t, v)
	w.close(v)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := copyFolder(t, w.dir)
	delete(f, lockName)
	f["contents.txt"] = []byte(contents)
	f.put(t, dir)
}
