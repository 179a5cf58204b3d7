package local

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phivault/sync/remote/memory"
	"phivault/vault"
)

// killed is the folder of a vault with two patients as a kill leaves it: the second
// is in the log alone.
func killed(t *testing.T, w *world) folder {
	v := w.create()
	addPatient(t, v.Vault, 1)
	w.close(v)
	v = w.open()
	addPatient(t, v.Vault, 2)
	f := copyFolder(t, w.dir)
	w.close(v)
	w.o.StateDir = t.TempDir() // what was closed in order is newer
	return f
}

// readsOnly does with the vault what reading allows, and what it does not.
func readsOnly(t *testing.T, w *world) {
	t.Helper()
	before := copyFolder(t, w.dir)
	w.notices()
	notice, said := w.o.Notice, ""
	w.o.Notice = func(n Notice) { said += n.Text + "\n"; notice(n) }
	v := w.open()
	w.o.Notice = notice
	if !strings.Contains(said, "an older copy put in its place would not be noticed") {
		t.Errorf("told is %s", said)
	}
	wantPatients(t, v, 2)
	n := 0
	for r, err := range v.Find(t.Context(), vault.Query{Type: "Patient"}) {
		if err != nil {
			t.Fatal(err)
		}
		if r, err = v.Get(t.Context(), r.ID); err != nil {
			t.Fatal(err)
		}
		if err := v.WriteJSON(t.Context(), io.Discard, r); err != nil {
			t.Error(err)
		}
		if err := v.Delete(t.Context(), r); !errors.Is(err, vault.ErrReadOnly) {
			t.Errorf("deleting: %v", err)
		}
		n++
	}
	if n != 2 {
		t.Errorf("%d found", n)
	}
	if err := v.Record(t.Context(), vault.ActionExport, vault.RecordID{}); err != nil {
		t.Errorf("announcing an export: %v", err)
	}
	if err := v.Audit(t.Context(), 0, func(vault.Audited) bool { return true }); err != nil {
		t.Errorf("the trail: %v", err)
	}
	if err := tryAddPatient(v.Vault, 3); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("adding: %v", err)
	}
	p, q := phrase(t, pass), phrase(t, "another passphrase")
	if err := v.ChangePassphrase(t.Context(), p, q, nil); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("another passphrase: %v", err)
	}
	if _, err := v.Journal(t.Context()); !errors.Is(err, vault.ErrReadOnly) || !v.ReadOnly() {
		t.Errorf("a journal to write: %v", err)
	}
	if j, err := v.ReadJournal(t.Context()); err != nil || len(j.Members()) != 1 || !j.Members()[0].Owner {
		t.Errorf("a journal to read: %v", err)
	} else if err := j.Rename(t.Context(), j.Members()[0].Device, "kitchen"); !errors.Is(err, vault.ErrReadOnly) {
		t.Errorf("renaming: %v", err)
	}
	if _, _, err := v.LastChange(t.Context()); err != nil {
		t.Errorf("the last change: %v", err)
	}
	if n, _, err := v.Arrived(t.Context(), 1); err != nil || n != 0 {
		t.Errorf("%d arrived, %v", n, err)
	}
	if _, err := v.Pending(t.Context(), "elsewhere"); err != nil {
		t.Errorf("pending: %v", err)
	}
	backedUpReading(t, w, v)
	wantClean(t, v)
	if _, err := v.Status(t.Context()); err != nil {
		t.Errorf("status: %v", err)
	}
	// As with every vault, there is one opener at a time.
	if _, err := Open(t.Context(), w.dir, p, w.o); !errors.Is(err, vault.ErrInUse) {
		t.Errorf("opened twice: %v", err)
	}
	w.close(v)
	if got := w.notices(); !slices.Equal(got, []NoticeKind{NoticeNoAnchor, NoticeReading}) {
		t.Errorf("notices %v", got)
	}
	if after := copyFolder(t, w.dir); !maps.EqualFunc(before, after, func(a, b []byte) bool { return string(a) == string(b) }) {
		t.Error("something in the folder changed")
	}
}

// backedUpReading makes a backup of what cannot be written, which restores; with a log
// that nobody moved it says so.
func backedUpReading(t *testing.T, w *world, v *Vault) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backup")
	_, err := v.Backup(t.Context(), path, BackupOptions{})
	if len(copyFolder(t, w.dir)[walName]) > 0 {
		if !errors.Is(err, errLogLeft) || !errors.Is(err, vault.ErrReadOnly) || len(files(t, filepath.Dir(path))) > 0 {
			t.Errorf("a backup beside a log: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := Drill(t.Context(), path, phrase(t, pass), Options{StateDir: t.TempDir()})
	if err != nil || r.Verified.Records != 3 || len(r.Problems) > 0 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestAVaultThatCannotBeWrittenIsRead(t *testing.T) {
	for name, spoil := range map[string]func(f folder) folder{
		"as a kill leaves it": func(f folder) folder { return f },
		"without a lock file": func(f folder) folder { f = maps.Clone(f); delete(f, lockName); return f },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := spoil(killed(t, w))
			if len(f[walName]) == 0 {
				t.Fatal("no log")
			}
			if err := os.RemoveAll(w.dir); err != nil {
				t.Fatal(err)
			}
			w.dir = filepath.Join(t.TempDir(), "medium")
			f.put(t, w.dir)
			state := w.o.StateDir
			w.o.unwritable = func(string) bool { return true }
			readsOnly(t, w)
			if got := files(t, state); len(got) != 0 {
				t.Errorf("it was remembered: %v", got)
			}
			// The same on a disk that can be written: nothing was lost.
			w.o.unwritable = nil
			v := w.open()
			addPatient(t, v.Vault, 3)
			wantPatients(t, v, 3)
			w.close(v)
			// And one that was closed in order, without a log.
			w.o.unwritable = func(string) bool { return true }
			v = w.open()
			wantPatients(t, v, 3)
			w.notices()
			backedUpReading(t, w, v)
			if told := w.notices(); len(told) > 0 {
				t.Errorf("the backup's notices are %v: nothing was to be remembered", told)
			}
			w.close(v)
		})
	}
}

// What a journal has to catch up with where nothing can be written is noted in memory. Seen
// to fail with what it notes written.
func TestAJournalThatIsBehindIsReadWhereNothingCanBeWritten(t *testing.T) {
	w, b := newWorld(t), newWorld(t)
	v := w.create()
	b.close(admitted(t, v, b, pass))
	r := memory.New()
	syncsWith(t, v, "main", r)
	const journalState = "state"
	if kept, err := v.database.store.State(ctx, journalState); err != nil || kept == nil {
		t.Fatal("the journal keeps its state elsewhere", err)
	}
	if err := v.database.store.SetState(ctx, journalState, nil); err != nil {
		t.Fatal(err)
	}
	f := copyFolder(t, w.dir) // as a kill leaves it
	w.close(v)
	w.dir, w.o.StateDir = filepath.Join(t.TempDir(), "medium"), t.TempDir()
	f.put(t, w.dir)
	w.o.unwritable = func(string) bool { return true }
	v = w.open()
	if j, err := v.ReadJournal(ctx); err != nil || len(j.Members()) != 2 {
		t.Errorf("a journal to read: %v", err)
	}
	w.close(v)
}

// keptState is a journal's state as a test has it.
type keptState map[string][]byte

func (s keptState) State(_ context.Context, key string) ([]byte, error) { return s[key], nil }
func (s keptState) SetState(context.Context, string, []byte) error      { return vault.ErrReadOnly }
func (s keptState) Unpack(vault.Header, []byte) ([]byte, error)         { return nil, vault.ErrReadOnly }
func (s keptState) States(_ context.Context, prefix string) ([]string, error) {
	return slices.Sorted(maps.Keys(s)), nil
}

// Seen to fail with keys given twice, with what was removed, and with what is kept given.
func TestWhatIsNotedInMemoryCoversWhatIsKept(t *testing.T) {
	s := &notedState{JournalState: keptState{"a/1": {1}, "a/2": {2}}, held: map[string][]byte{}}
	for key, value := range map[string][]byte{"a/1": {5}, "a/2": nil, "a/3": {3}, "b": {4}} {
		if err := s.SetState(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := s.States(t.Context(), "a/")
	if err != nil || !slices.Equal(keys, []string{"a/1", "a/3"}) {
		t.Errorf("%q %v", keys, err)
	}
	for key, want := range map[string]string{"a/1": "\x05", "a/2": "", "a/3": "\x03", "b": "\x04", "c": ""} {
		if b, err := s.State(t.Context(), key); err != nil || string(b) != want {
			t.Errorf("%s: %q %v", key, b, err)
		}
	}
}
