package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// batchesOf prepares n synthetic records for s, some of them again and some changed,
// in batches of size.
func batchesOf(t testing.TB, s *Store, n, size int) (all []vault.Batch) {
	t.Helper()
	var puts []*vault.Put
	i := 0
	for j := range synth.New(synth.Options{Seed: 8, Records: n}).Resources() {
		text := string(j)
		copies := []string{text}
		if i%7 == 0 {
			copies = append(copies, text)
		}
		if i%5 == 0 {
			copies = append(copies, strings.Replace(text, `{"resourceType"`, fmt.Sprintf(`{"language":"x-%d","resourceType"`, i), 1))
		}
		for _, c := range copies {
			r, err := fhir.Parse([]byte(c), nil)
			if err != nil {
				t.Fatal(err)
			}
			puts = append(puts, prepared(t, s, &r))
		}
		i++
	}
	for some := range slices.Chunk(puts, size) {
		all = append(all, vault.Batch{Puts: some})
	}
	return all
}

// start loads what comes through the channel it gives; result waits for the end.
func start(ctx context.Context, s *Store, durable func([]vault.Outcome)) (chan<- vault.Batch, func() error) {
	ch, done := make(chan vault.Batch), make(chan error, 1)
	go func() { done <- s.Load(ctx, ch, durable) }()
	return ch, func() error { return <-done }
}

// give hands over b and waits until its transaction has begun and it is applied.
func give(s *Store, ch chan<- vault.Batch, b vault.Batch) {
	ch <- b
	for s.write.TryLock() {
		s.write.Unlock()
		runtime.Gosched()
	}
	ch <- vault.Batch{}
}

// A loading leaves what the same batches leave one by one: log, outcomes, order.
func TestLoadingIsAppending(t *testing.T) {
	one, many := newStore(t), newStore(t)
	many.loadFor = time.Hour
	var want, got [][]vault.Outcome
	for _, b := range batchesOf(t, one, 600, 64) {
		o, err := one.Append(ctx, b)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, o)
	}
	commits := 0
	many.o.Committed = func(Head) { commits++ }
	ch, end := start(ctx, many, func(o []vault.Outcome) { got = append(got, o) })
	for _, b := range batchesOf(t, many, 600, 64) {
		ch <- b
	}
	ch <- vault.Batch{}
	close(ch)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	want = append(want, []vault.Outcome{})
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Error("the outcomes differ")
	}
	if commits != 1 {
		t.Errorf("%d transactions for what fits into one", commits)
	}
	if one.head != many.head {
		t.Errorf("the logs end at %v and %v", one.head, many.head)
	}
	expect(t, find(t, many, vault.Query{Sort: vault.Added}), find(t, one, vault.Query{Sort: vault.Added})...)
	expect(t, find(t, many, vault.Query{Text: "blood"}), find(t, one, vault.Query{Text: "blood"})...)
	clean(t, many)
}

// Whoever else writes does not wait for the next batch, however long that takes.
func TestALoadingLetsOthersWrite(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Hour
	batches := batchesOf(t, s, 100, 32)
	told := make(chan int, 2*len(batches))
	ch, end := start(ctx, s, func(o []vault.Outcome) { told <- len(o) })
	give(s, ch, batches[0])
	addJSON(t, s, ann) // while the loading waits
	if n := <-told; n != len(batches[0].Puts) {
		t.Errorf("%d outcomes for %d puts", n, len(batches[0].Puts))
	}
	<-told
	close(ch)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	clean(t, s)
}

// Attachments, which the reader of an input writes itself, do not wait either, and do
// not end the transaction. One that fails takes nothing along.
func TestALoadingTakesAttachmentsIn(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Hour
	commits := 0
	s.o.Committed = func(Head) { commits++ }
	ch, end := start(ctx, s, func([]vault.Outcome) {})
	give(s, ch, batchesOf(t, s, 100, 64)[0])
	given, err := s.NewBlob(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := given.Write([]byte("nobody's")); err != nil {
		t.Fatal(err)
	}
	given.Abort()
	fails := errors.New("no")
	if err := s.attach(ctx, func() error {
		if err := s.w.run("INSERT INTO chunk(chunk,data) VALUES(1,x'00')"); err != nil {
			return err
		}
		return fails
	}); err != fails {
		t.Errorf("it ended with %v", err)
	}
	ch <- vault.Batch{Puts: []*vault.Put{document(t, s, "d1", "Letter", []byte("A thorough anamnesis"))}}
	close(ch)
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if commits != 1 {
		t.Errorf("%d transactions", commits)
	}
	expect(t, find(t, s, vault.Query{Text: "anamnesis"}), "DocumentReference/d1")
	if n, err := s.Counts(ctx); err != nil || n.Blobs == 0 {
		t.Errorf("%d attachments: %v", n.Blobs, err)
	}
	if left := ask(t, s, "SELECT count(*) FROM blob WHERE entry IS NULL") + ask(t, s, "SELECT count(*) FROM chunk WHERE chunk=1"); left != "00" {
		t.Errorf("%s rows of attachments that came to nothing", left)
	}
	clean(t, s)
}

// A slow input's records become durable without more of them coming.
func TestALoadingEndsItsTransactionInTime(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Millisecond
	b := batchesOf(t, s, 20, 100)[0]
	told := make(chan int, 1)
	ch, end := start(ctx, s, func(o []vault.Outcome) { told <- len(o) })
	ch <- b
	if n := <-told; n != len(b.Puts) {
		t.Errorf("%d outcomes for %d puts", n, len(b.Puts))
	}
	if n, err := s.Counts(ctx); err != nil || n.Records == 0 {
		t.Errorf("%d records: %v", n.Records, err)
	}
	close(ch)
	if err := end(); err != nil {
		t.Fatal(err)
	}
}

// When a loading is cancelled, what was told is there, and what was applied is told.
func TestACancelledLoadingKeepsWhatItTold(t *testing.T) {
	s := newStore(t)
	s.loadFor = time.Hour
	ctx, cancel := context.WithCancel(ctx)
	told := 0
	batches := batchesOf(t, s, 100, 16)
	ch, end := start(ctx, s, func(o []vault.Outcome) { told += len(o) })
	ch <- batches[0]
	ch <- batches[1]
	cancel()
	if err := end(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
	if want := len(batches[0].Puts) + len(batches[1].Puts); told != want {
		t.Errorf("%d outcomes told for %d puts", told, want)
	}
	n, err := s.Counts(t.Context())
	if err != nil || n.Revisions == 0 || n.Revisions > int64(told) {
		t.Errorf("%d revisions: %v", n.Revisions, err)
	}
	clean(t, s)
	addJSON(t, s, ann)
}

// A transaction that fails leaves nothing and tells nothing, and what came before it
// stays.
func TestAFailedLoadingTellsNothing(t *testing.T) {
	s := newStore(t)
	batches := batchesOf(t, s, 100, 16)
	told := 0
	ch, end := start(ctx, s, func(o []vault.Outcome) { told += len(o) })
	give(s, ch, batches[0])
	addJSON(t, s, ann) // ends the first transaction
	before, err := s.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ch <- batches[1]
	ch <- vault.Batch{Notes: make([]vault.Note, maxEntries+1)}
	if err := end(); !errors.Is(err, vault.ErrLimit) {
		t.Errorf("it ended with %v", err)
	}
	after, err := s.Counts(ctx)
	if err != nil || after.Entries != before.Entries || told != len(batches[0].Puts) {
		t.Errorf("%d entries before and %d after, %d told of %d: %v", before.Entries, after.Entries, told, len(batches[0].Puts), err)
	}
	clean(t, s)
	add(t, s, batches[1].Puts...)
	clean(t, s)
}

// The write-ahead log does not grow without an end where one transaction follows the
// other at once.
func TestTheLogIsBounded(t *testing.T) {
	s := newStore(t)
	s.mostLog = 1 << 20
	s.logBound.Store(s.mostLog)
	most, all := int64(0), int64(0)
	for _, b := range batchesOf(t, s, 6000, 100) {
		if _, err := s.Append(ctx, b); err != nil {
			t.Fatal(err)
		}
		most = max(most, logFile(t, s))
		all++
	}
	if most > 4*s.mostLog { // one transaction and a step of merging come on top
		t.Errorf("the log grew to %d bytes in %d transactions", most, all)
	}
	if most < s.mostLog {
		t.Errorf("the log came to %d bytes: this test shows nothing", most)
	}
	clean(t, s)
}

// logFile is the size of the write-ahead log as a file.
func logFile(t *testing.T, s *Store) int64 {
	t.Helper()
	st, err := os.Stat(s.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	return st.Size()
}

// What was moved is written over, and the file stays as large as it was: the system need
// not make it longer, nor note that, with each sync.
func TestTheLogIsWrittenOver(t *testing.T) {
	s := newStore(t)
	s.keeper.stop() // it moves the log when it likes
	defer func() { s.keeper = startKeeper(s) }()
	batches := batchesOf(t, s, 2500, 100)
	for _, b := range batches[:15] { // more than the next ones need
		add(t, s, b.Puts...)
	}
	file := logFile(t, s)
	for i, b := range batches[15:] {
		if err := s.keeper.move(); err != nil {
			t.Fatal(err)
		}
		add(t, s, b.Puts...)
		if now, used := logFile(t, s), s.logSize.Load(); now != file || used == 0 || used > file/2 {
			t.Errorf("transaction %d: %d bytes are used of %d, which were %d", i, used, now, file)
		}
	}
	if err := s.Checkpoint(ctx); err != nil || logFile(t, s) != 0 || s.logSize.Load() != 0 {
		t.Errorf("%d bytes are left of a log that was asked to be empty: %v", logFile(t, s), err)
	}
	clean(t, s)
}
