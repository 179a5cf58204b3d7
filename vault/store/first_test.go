package store

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/store/cryptvfs"
)

// begun is a database that has something of everything that a writer must know of, as
// files, and the device whose segments came: one of them stands aside, the next is still
// to come.
func begun(t *testing.T) (files map[string]string, o Options, b *Store) {
	t.Helper()
	a, b := device(t, 1), device(t, 2)
	add(t, a, put(t, a, ann), put(t, a, weight), document(t, a, "d1", "Letter", []byte("A thorough anamnesis")))
	addJSON(t, a, strings.Replace(weight, "w1", "w2", 1))
	purge(t, a, vault.RecordIDOf("a", "Observation", "w2"))
	cutAll(t, a)
	addJSON(t, b, asthma)
	cutAll(t, b)
	own, err := b.Own(ctx)
	if err != nil {
		t.Fatal(err)
	}
	pullOut(t, a, b, map[vault.LogID]uint64{own: 0})
	addJSON(t, b, note)
	cutAll(t, b)
	if err := a.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(a.path)
	return map[string]string{name: filesIn(t, filepath.Dir(a.path))[name]}, a.o, b
}

// Whoever writes first after opening knows what is there: numbers go on, what was removed
// on purpose and what stands aside is looked for. Each case was seen to fail where that is
// not read before.
func TestTheFirstWritingKnowsWhatIsThere(t *testing.T) {
	files, o, b := begun(t)
	w2 := strings.Replace(weight, "w1", "w2", 1)
	for name, c := range map[string]struct {
		more int64 // entries
		do   func(t *testing.T, s *Store) error
	}{
		"a record": {1, func(t *testing.T, s *Store) error { addJSON(t, s, note); return nil }},
		"what was purged": {0, func(t *testing.T, s *Store) error {
			if o := add(t, s, put(t, s, w2)); o[0] != vault.OutcomeStaysDeleted {
				t.Errorf("it is %v", o[0])
			}
			return nil
		}},
		"what stands aside": {1, func(t *testing.T, s *Store) error { addJSON(t, s, asthma); return nil }},
		"a note": {1, func(t *testing.T, s *Store) error {
			_, err := s.Append(ctx, vault.Batch{Notes: []vault.Note{{Kind: vault.KindAudit, Payload: []byte(`{"v":1}`)}}})
			return err
		}},
		"nothing": {0, func(t *testing.T, s *Store) error {
			told := 0
			s.o.Committed = func(Head) { told++ }
			_, err := s.Append(ctx, vault.Batch{})
			if told > 0 {
				t.Error("a head that did not move is told of")
			}
			return err
		}},
		"a deletion": {1, func(t *testing.T, s *Store) error {
			r, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w1"))
			if err == nil {
				_, err = s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}})
			}
			return err
		}},
		"a loading": {2, func(t *testing.T, s *Store) error {
			s.loadFor = time.Hour
			ch, end := start(ctx, s, func([]vault.Outcome) {})
			for _, j := range []string{note, strings.Replace(note, "n1", "n2", 1)} {
				ch <- vault.Batch{Puts: []*vault.Put{put(t, s, j)}}
			}
			close(ch)
			return end()
		}},
		"an attachment": {2, func(t *testing.T, s *Store) error { // with the entry that takes it in
			add(t, s, document(t, s, "d2", "Scan", []byte("Another anamnesis")))
			if n := ask(t, s, "SELECT count(*)||max(blob) FROM blob"); n != "22" {
				t.Errorf("attachments: %s", n)
			}
			return nil
		}},
		"an attachment within a loading": {3, func(t *testing.T, s *Store) error {
			s.loadFor = time.Hour
			c, stop := context.WithCancel(ctx)
			defer stop()
			ch, end := start(c, s, func([]vault.Outcome) {})
			give(s, ch, vault.Batch{Puts: []*vault.Put{put(t, s, note)}})
			ch <- vault.Batch{Puts: []*vault.Put{document(t, s, "d2", "Scan", []byte("Another anamnesis"))}}
			close(ch)
			return end()
		}},
		"a segment": {1, func(t *testing.T, s *Store) error {
			id, err := b.Own(ctx)
			if err != nil {
				return err
			}
			seg := given(t, b, id, 1)
			seg.Quarantined = true
			_, err = s.Apply(ctx, seg, nil)
			return err
		}},
		"adopting": {1, func(t *testing.T, s *Store) error {
			as, err := s.Asides(ctx)
			if err == nil {
				_, err = s.Adopt(ctx, []int64{as[0].Entry}, nil)
			}
			return err
		}},
		"taking back": {0, func(t *testing.T, s *Store) error { _, err := s.Withdraw(ctx, nil, nil); return err }},
		"another log": {0, func(t *testing.T, s *Store) error {
			return s.Continue(ctx, vault.LogID{Device: [16]byte{3}}, 0, nil)
		}},
		"a purge": {2, func(t *testing.T, s *Store) error {
			purge(t, s, vault.RecordIDOf("a", "DocumentReference", "d1"))
			return nil
		}},
		"a rebuild": {0, func(t *testing.T, s *Store) error { return s.Rebuild(ctx, nil) }},
		"a cut":     {0, func(t *testing.T, s *Store) error { cutAll(t, s); return nil }},
		"a setting": {0, func(t *testing.T, s *Store) error { return s.SetMeta(ctx, "k", "v") }},
		"merging":   {0, func(t *testing.T, s *Store) error { return s.Settle(ctx) }},
		"the log":   {0, func(t *testing.T, s *Store) error { return s.Checkpoint(ctx) }},
		"an edit": {1, func(t *testing.T, s *Store) error {
			_, _, err := s.Write(ctx, vault.Batch{Puts: []*vault.Put{put(t, s, note)}})
			return err
		}},
		"a dry run": {0, func(t *testing.T, s *Store) error {
			_, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{put(t, s, note)}, DryRun: true})
			return err
		}},
		"a mark":     {0, func(t *testing.T, s *Store) error { return s.Mark(ctx, "r", vault.LogID{Device: [16]byte{1}}, 1) }},
		"its state":  {0, func(t *testing.T, s *Store) error { return s.SetState(ctx, "k", []byte("v")) }},
		"an outcome": {0, func(t *testing.T, s *Store) error { addJSON(t, s, ann); return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Open(ctx, place(t, files), o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if s.ready {
				t.Error("what only writing needs was read before")
			}
			before := ask(t, s, "SELECT max(entry) FROM entry")
			if err := c.do(t, s); err != nil {
				t.Fatal(err)
			}
			if n := ask(t, s, "SELECT max(entry)-"+before+" FROM entry"); n != fmt.Sprint(c.more) {
				t.Errorf("%s entries more, not %d", n, c.more)
			}
			if s.ready {
				next, head := s.next, s.head
				if !s.loose || !s.purges {
					t.Error("the writer does not know what stands aside and what was removed")
				}
				if err := s.load(ctx); err != nil || next != s.next || head != s.head {
					t.Errorf("the writer has %v %v, and the database %v %v: %v", next, head.Entry, s.next, s.head.Entry, err)
				}
			}
			addJSON(t, s, strings.Replace(note, "n1", "n9", 1)) // whatever came first, the next goes on from it
			if h, err := s.Head(ctx); err != nil || h != s.head {
				t.Errorf("%v, and the writer has %v: %v", h, s.head, err)
			}
			clean(t, s)
		})
	}
}

// A page that only writing needs keeps nobody from reading.
func TestWhatOnlyWritingNeedsIsNotReadForReading(t *testing.T) {
	files, o, _ := begun(t)
	s, err := Open(ctx, place(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got := find(t, s, vault.Query{Text: "anamnesis"}); len(got) != 1 {
		t.Errorf("found %v", got)
	}
	if _, err := s.Get(ctx, vault.RecordIDOf("a", "Patient", "p1")); err != nil || s.ready || s.blob != 0 {
		t.Errorf("reading had to know what writing does: %v", err)
	}
}

// Opening reads what it must and no more, however much there is: page 1 thrice, which SQLite
// wants before it trusts it, two pages of the schema, the settings, what leads to the end
// of the log, and what tells of attachments that no record cites. It makes no file.
func TestOpeningReadsFewPages(t *testing.T) {
	const most = 9
	key, o := bytes.Repeat([]byte{7}, 32), testOptions()
	path := filepath.Join(t.TempDir(), "vault.db")
	with := func(open func(context.Context, string, Options) (*Store, error), do func(*Store, *cryptvfs.VFS)) {
		v, err := cryptvfs.New(cryptvfs.Options{Key: key, VaultID: o.VaultID})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		o := o
		o.VFS = v.Name()
		s, err := open(ctx, path, o)
		if err != nil {
			t.Fatal(err)
		}
		do(s, v)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	with(Create, func(s *Store, _ *cryptvfs.VFS) {
		for _, b := range batchesOf(t, s, 600, 8) {
			add(t, s, b.Puts...)
		}
		add(t, s, document(t, s, "d1", "Letter", []byte("A thorough anamnesis")))
	})
	with(Open, func(_ *Store, v *cryptvfs.VFS) {
		if n := v.Stats().Reads; n > most {
			t.Errorf("%d reads, and not %d", n, most)
		}
		if files := filesIn(t, filepath.Dir(path)); len(files) != 1 {
			t.Errorf("%d files", len(files))
		}
	})
}
