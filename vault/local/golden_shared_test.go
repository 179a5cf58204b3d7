package local

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/sync/engine"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// timesFile is what a golden vault that two devices wrote says of when.
const timesFile = "times.txt"

// admitted makes, at b, a copy of the vault for another device under a passphrase of its own.
func admitted(t testing.TB, v *Vault, b *world, words string) *Vault {
	t.Helper()
	i := identity.NewInvitation()
	n, err := NewNewcomer()
	if err != nil {
		t.Fatal(err)
	}
	defer n.Destroy()
	w, err := journal.NewRequest(i, n.Device, "second", [32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := j.Candidate(i, w.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	reply, err := j.Admit(ctx, c, segment.RoleMember)
	if err != nil {
		t.Fatal(err)
	}
	joined, err := w.Accept(reply)
	if err != nil {
		t.Fatal(err)
	}
	defer joined.Destroy()
	s, err := Join(ctx, b.dir, phrase(t, words), keyfile.DefaultParams(), n, joined, b.o)
	return b.started(s, err)
}

// syncsWith syncs with a remote of that name.
func syncsWith(t testing.TB, v *Vault, name string, r *memory.Remote) {
	t.Helper()
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Sync(ctx, j, []engine.Target{{Name: name, Remote: r}}, engine.Options{}); err != nil {
		t.Fatal(err)
	}
}

// timesOf tells when each version of each record was made, or sent.
func timesOf(t testing.TB, v *Vault) string {
	t.Helper()
	var b strings.Builder
	for r, err := range v.Find(ctx, vault.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		history, err := v.History(ctx, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range history {
			fmt.Fprintf(&b, "%s v%d %s sent=%v\n", r.ID, h.Version, h.At.Format(time.RFC3339), h.Sent)
		}
	}
	return b.String()
}

func sortedLines(text string) []string { return slices.Sorted(strings.Lines(text)) }

// makeShared makes a golden vault of which another device wrote a part, in dir.
func makeShared(t *testing.T, dir string) {
	t.Helper()
	a, b := newWorld(t), newWorld(t)
	now := a.o.Clock()
	clock := func() time.Time { return now }
	a.o.Clock, b.o.Clock = clock, clock
	r := memory.New()
	v := a.create()
	addPatient(t, v.Vault, 1)
	s := admitted(t, v, b, pass)
	now = now.Add(time.Hour)
	syncsWith(t, v, "golden", r)
	syncsWith(t, s, "golden", r)
	for n := range 2 {
		now = now.Add(time.Hour)
		addPatient(t, s.Vault, 2+n)
	}
	now = now.Add(48 * time.Hour)
	syncsWith(t, s, "golden", r)
	now = now.Add(time.Hour)
	addPatient(t, v.Vault, 4)
	syncsWith(t, v, "golden", r)
	wantPatients(t, v, 4)
	contents, times := contentsOf(t, v), timesOf(t, v)
	a.close(v)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := copyFolder(t, a.dir)
	delete(f, lockName)
	f["contents.txt"], f[timesFile] = []byte(contents), []byte(times)
	f.put(t, dir)
}

// What a vault learned of others' versions stays what it was: when they were made, or
// only when they were sent, as in golden-2. And what an older build signed is given on
// as it is: a device that joins gets it, beside what this one writes.
func TestGoldenTimesStay(t *testing.T) {
	golden, err := filepath.Glob("testdata/golden-*/" + timesFile)
	if err != nil || len(golden) == 0 {
		t.Fatalf("no golden vault of two devices: %v", err)
	}
	for _, file := range golden {
		dir := filepath.Dir(file)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			a, b := newWorld(t), newWorld(t)
			f := copyFolder(t, dir)
			want := string(f[timesFile])
			delete(f, timesFile)
			delete(f, "contents.txt")
			f.put(t, a.dir)
			v := a.open()
			if err := v.Rebuild(ctx, nil); err != nil {
				t.Fatal(err)
			}
			if got := timesOf(t, v); got != want {
				t.Errorf("it says\n%s\nnot\n%s", got, want)
			}
			r := memory.New()
			s := admitted(t, v, b, pass)
			addPatient(t, v.Vault, 5)
			syncsWith(t, v, "new", r)
			syncsWith(t, s, "new", r)
			wantPatients(t, s, 5)
			old := 0
			if strings.Contains(want, "sent=true") { // nobody's segments told more
				old = 4
			}
			if got := timesOf(t, s); strings.Count(got, "sent=true") != old || strings.Count(got, "sent=false") != 5-old {
				t.Errorf("who joins learns\n%s", got)
			} else if told := timesOf(t, v); old == 0 && !slices.Equal(sortedLines(got), sortedLines(told)) {
				t.Errorf("who joins learns\n%s\nnot\n%s", got, told)
			}
			wantClean(t, v)
			wantClean(t, s)
		})
	}
}
