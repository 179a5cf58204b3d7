package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phivault/vault"
)

// The disk is full while an attachment is written in a loading's transaction, which
// SQLite then takes back: what comes after it must not be written as if it stood.
func TestALoadingWhoseTransactionIsLostWritesNoMore(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Hour
	addJSON(t, s, ann)
	before, batches := s.head, batchesOf(t, s, 60, 16)
	ch, end := start(ctx, s, func([]vault.Outcome) { t.Error("it told of what is not there") })
	give(s, ch, batches[0])
	limit := func(pages string) error {
		_, err := s.w.row(ctx, []any{new(int64)}, "PRAGMA max_page_count="+pages)
		return err
	}
	err := s.attach(ctx, func() error {
		pages, err := count(ctx, s.w, "PRAGMA page_count")
		if err == nil {
			err = limit(fmt.Sprint(pages))
		}
		if err != nil {
			return err
		}
		return s.w.run("INSERT INTO chunk(chunk,data) VALUES(1,randomblob(1000000))")
	})
	if !errors.Is(mapError(err), vault.ErrFull) {
		t.Fatalf("the disk is not full: %v", err)
	}
	ch <- batches[1]
	close(ch)
	if err := end(); !errors.Is(err, vault.ErrFull) {
		t.Errorf("it ended with %v", err)
	}
	s.write.Lock()
	err = limit("1000000")
	s.write.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	if s.head != before {
		t.Errorf("the log ends at %v, and at %v before", s.head, before)
	}
	clean(t, s)
	add(t, s, batches[0].Puts...)
	clean(t, s)
}

// An attachment that cannot be read any more costs its words, and nothing of what is
// written about its record.
func TestADamagedAttachmentDoesNotHarmTheLog(t *testing.T) {
	s := newStore(t)
	var text strings.Builder
	words := rand.New(rand.NewPCG(1, 2))
	for text.Len() < 60<<10 {
		fmt.Fprintf(&text, "w%x ", words.Uint64())
	}
	add(t, s, document(t, s, "d1", "Letter", []byte(text.String())))
	again, other := document(t, s, "d1", "Another letter", []byte(text.String())), put(t, s, weight)
	if err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(s.path)
	whole := filesIn(t, filepath.Dir(s.path))[name]
	damaged, written := 0, 0
	for at := 6000; at < len(whole); at += 4096 {
		b := []byte(whole)
		b[at] ^= 1
		o := s.o
		o.Check, o.Committed = nil, nil
		d, err := Open(ctx, place(t, map[string]string{name: string(b)}), o)
		if err != nil {
			continue
		}
		r, err := d.OpenBlob(ctx, again.Resource.Cuts[0].SHA256)
		if err == nil {
			_, err = r.Read(make([]byte, 10))
		}
		if errors.Is(err, vault.ErrIntegrity) {
			damaged++
			for _, p := range []*vault.Put{again, other} {
				p := *p
				switch _, err := d.Append(ctx, vault.Batch{Puts: []*vault.Put{&p}}); {
				case err == nil:
					written++
				case !errors.Is(err, vault.ErrIntegrity): // that page may be of the list of attachments
					t.Errorf("byte %d: %v", at, err)
				}
			}
			for _, p := range verify(t, d, false) {
				if p.Kind != "blob" && p.Kind != "page" {
					t.Errorf("byte %d: %v", at, p)
				}
			}
		}
		if err := d.Close(); err != nil && !errors.Is(err, vault.ErrIntegrity) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if damaged == 0 || written < 2*damaged-2 {
		t.Errorf("%d times an attachment was damaged, and %d records were written", damaged, written)
	}
}

// Whoever was writing attachments beside a loading that came to nothing neither keeps a
// part of one nor takes another's away.
func TestAttachmentsBesideALoadingThatFails(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Hour
	content := bytes.Repeat([]byte("a part of it "), 2*chunkSize*flushChunks/13)
	begin := func() vault.BlobWriter {
		w, err := s.NewBlob(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	early := begin()
	ch, end := start(ctx, s, func([]vault.Outcome) {})
	give(s, ch, batchesOf(t, s, 20, 16)[0])
	late := begin()
	for _, w := range []vault.BlobWriter{early, late} {
		if _, err := w.Write(content[:chunkSize*flushChunks]); err != nil {
			t.Fatal(err)
		}
	}
	ch <- vault.Batch{Notes: make([]vault.Note, maxEntries+1)}
	if err := end(); !errors.Is(err, vault.ErrLimit) {
		t.Fatalf("it ended with %v", err)
	}
	add(t, s, document(t, s, "d1", "Letter", []byte("A thorough anamnesis")))
	if _, _, err := early.Commit(); err == nil {
		t.Error("an attachment was kept whose beginning is lost")
	}
	for _, w := range []vault.BlobWriter{early, late} {
		if _, err := w.Write(content); err == nil {
			t.Error("an attachment goes on that was given up")
		}
		w.Abort()
	}
	clean(t, s)
	if left := ask(t, s, "SELECT count(*)||' '||(SELECT count(*) FROM chunk) FROM blob"); left != "1 1" {
		t.Errorf("%s attachments and parts, for one", left)
	}
	add(t, s, document(t, s, "d2", "All of it", content))
	clean(t, s)
}
