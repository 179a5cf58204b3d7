package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/retry"
)

// stream is a journal of n objects of a size that come and go and are nowhere
// kept, and the remote that has them.
type stream struct {
	n         int
	size      int64
	unordered bool
	out       bool // they go; otherwise they come
	asked     bool

	done    atomic.Int64
	highest atomic.Uint64 // heap in use
	sum     atomic.Int64
}

var (
	_ engine.Journal = (*stream)(nil)
	_ remote.Remote  = (*stream)(nil)
)

func (s *stream) name(i int) remote.Name {
	var id [32]byte
	binary.BigEndian.PutUint64(id[:], uint64(i))
	return remote.VaultSpace([10]byte{1}).Name(id)
}

func (s *stream) Outgoing(context.Context, string) iter.Seq2[engine.Envelope, error] {
	return func(yield func(engine.Envelope, error) bool) {
		for i := range s.n {
			e := engine.Envelope{Name: s.name(i), Size: s.size, Unordered: s.unordered, Open: func() (io.ReadCloser, error) {
				return io.NopCloser(io.LimitReader(endless{}, s.size)), nil
			}}
			if !s.out || !yield(e, nil) {
				return
			}
		}
	}
}

func (s *stream) Wanted(context.Context, string) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		for i := range s.n {
			if s.out || s.asked || !yield(s.name(i), nil) {
				return
			}
		}
		s.asked = true
	}
}

func (s *stream) Sent(context.Context, string, remote.Name) error { return nil }

func (s *stream) Deliver(_ context.Context, _ string, e engine.Envelope) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	n, err := io.Copy(io.Discard, r)
	s.took(n)
	return err
}

func (s *stream) Missing(context.Context, string, remote.Name) error { return nil }

func (s *stream) Put(_ context.Context, _ remote.Name, r io.Reader, _ int64) error {
	n, err := io.Copy(io.Discard, r)
	s.took(n)
	return err
}

func (s *stream) Get(context.Context, remote.Name) (io.ReadCloser, int64, error) {
	return io.NopCloser(io.LimitReader(endless{}, s.size)), s.size, nil
}

func (s *stream) Close() error { return nil }

func (s *stream) took(n int64) {
	s.sum.Add(n)
	if s.done.Add(1)%int64(max(s.n/20, 1)) == 0 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		for h := s.highest.Load(); m.HeapAlloc > h && !s.highest.CompareAndSwap(h, m.HeapAlloc); h = s.highest.Load() {
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(i)
	}
	return len(p), nil
}

func TestMemoryDoesNotGrowWithWhatMoves(t *testing.T) {
	for _, c := range []struct {
		what string
		n    int
		size int64
		most uint64 // bytes beyond what was in use before
	}{
		{"small objects", 100_000, 1000, 16 << 20},
		{"a large object", 3, 200 << 20, 16 << 20},
		{"segments", 300, 1 << 20, 32 << 20},
	} {
		for _, out := range []bool{true, false} {
			runtime.GC()
			var before runtime.MemStats
			runtime.ReadMemStats(&before)
			s := &stream{n: c.n, size: c.size, unordered: true, out: out}
			rep, err := engine.Sync(t.Context(), s, []engine.Target{at("r", s)}, engine.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := rep.Remotes[0].Requests; got != c.n || s.sum.Load() != int64(c.n)*c.size {
				t.Errorf("%s, out %v: %d requests, %d bytes", c.what, out, got, s.sum.Load())
			}
			grown := int64(s.highest.Load()) - int64(before.HeapAlloc)
			if s.highest.Load() == 0 || grown > int64(c.most) {
				t.Errorf("%s, out %v: the heap grew by %d KiB", c.what, out, grown>>10)
			}
		}
	}
}

func TestCallsAtATimeAreBounded(t *testing.T) {
	for _, unordered := range []bool{true, false} {
		for _, out := range []bool{true, false} {
			s := &stream{n: 200, size: 10, unordered: unordered, out: out}
			b := &busy{Remote: s, turn: func() { time.Sleep(50 * time.Microsecond) }}
			if _, err := engine.Sync(t.Context(), s, []engine.Target{at("r", b)}, engine.Options{Parallel: 5}); err != nil {
				t.Fatal(err)
			}
			want := int64(5)
			if out && !unordered {
				want = 1
			}
			if got := b.most.Load(); got > want || want > 1 && got < 2 {
				t.Errorf("unordered %v, out %v: %d calls at once, want up to %d", unordered, out, got, want)
			}
		}
	}
}

func TestProgressIsWholeAndComesOneAtATime(t *testing.T) {
	v := enginetest.NewVault(2)
	v.PerSegment = 1
	one, two := memory.New(), memory.New()
	a := v.Journal(0)
	write(a, 40)
	a.Attach(3 << 20)
	var inside atomic.Int64
	last := map[string]engine.Progress{}
	large := 0
	o := engine.Options{Progress: func(p engine.Progress) {
		if inside.Add(1) != 1 {
			t.Error("progress is told twice at a time")
		}
		was := last[p.Remote]
		if p.Pushed.Bytes < was.Pushed.Bytes || p.Pushed.Objects < was.Pushed.Objects || p.Requests < was.Requests {
			t.Errorf("from %+v to %+v", was, p)
		}
		if d := p.Pushed.Bytes - was.Pushed.Bytes; d > 1<<20 {
			t.Errorf("%d bytes went by unseen", d)
		} else if d >= 256<<10 {
			large++
		}
		last[p.Remote] = p
		inside.Add(-1)
	}}
	rep, err := engine.Sync(t.Context(), a, []engine.Target{at("one", one), at("two", two)}, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rep.Remotes {
		p := last[r.Remote]
		if p.Requests != r.Requests || p.Pushed.Objects != 42 || p.Pushed != (engine.Moved{Objects: r.Pushed.Objects, Bytes: r.Pushed.Bytes}) {
			t.Errorf("%+v, reported %+v", p, r)
		}
	}
	if large < 10 {
		t.Errorf("a large object was seen moving only %d times", large)
	}
}

// notes keeps what it is asked for in which order it is answered.
type notes struct {
	*stream
	got []remote.Name
}

func (n *notes) Deliver(ctx context.Context, r string, e engine.Envelope) error {
	n.got = append(n.got, e.Name)
	return n.stream.Deliver(ctx, r, e)
}

func TestAnswersComeInTheOrderOfTheQuestions(t *testing.T) {
	n := &notes{stream: &stream{n: 300, size: 10}}
	turn := atomic.Int64{}
	b := &busy{Remote: n.stream, turn: func() { time.Sleep(time.Duration(turn.Add(1)%3) * 40 * time.Microsecond) }}
	if _, err := engine.Sync(t.Context(), n, []engine.Target{at("r", b)}, engine.Options{}); err != nil {
		t.Fatal(err)
	}
	if len(n.got) != 300 {
		t.Fatalf("%d answers", len(n.got))
	}
	for i, name := range n.got {
		if name != n.name(i) {
			t.Fatalf("answer %d is another's", i)
		}
	}
}

// A put is repeated below the engine, from the beginning, also of what is sealed
// while it is read.
func TestPutsCanBeRepeated(t *testing.T) {
	v := enginetest.NewVault(2)
	a, b := v.Journal(0), v.Journal(1)
	store := memory.New()
	n := 0
	flaky := faults.New(store, faults.Plan{Script: func(_ int, op string) faults.Kind {
		if op == "put" {
			if n++; n%2 == 1 {
				return faults.Cut
			}
		}
		return faults.None
	}})
	patient := retry.New(flaky, retry.Policy{Wait: func(context.Context, time.Duration) error { return nil }})
	a.Attach(5 << 20)
	mustSync(t, a, patient)
	mustSync(t, b, store)
	wantSame(t, 1, a, b)
	if flaky.Count(faults.Cut) < 2 {
		t.Error("nothing broke off")
	}
}

// A body that breaks off is asked for again; what is small reaches the journal
// whole or not at all.
func TestBodiesThatBreakOffAreAskedForAgain(t *testing.T) {
	v := enginetest.NewVault(2)
	v.PerSegment = 1
	a, b := v.Journal(0), v.Journal(1)
	store := memory.New()
	write(a, 30)
	mustSync(t, a, store)
	n := 0
	flaky := faults.New(store, faults.Plan{Script: func(int, string) faults.Kind {
		if n++; n%3 > 0 {
			return faults.Cut
		}
		return faults.None
	}})
	if _, err := engine.Sync(t.Context(), b, []engine.Target{at("r", flaky)}, engine.Options{Parallel: 1}); err != nil {
		t.Fatal(err)
	}
	wantSame(t, 30, a, b)
}

// twice is a journal that reads everything a second time.
type twice struct {
	*stream
	errs []error
}

func (w *twice) Deliver(ctx context.Context, r string, e engine.Envelope) error {
	for range 2 {
		if err := w.stream.Deliver(ctx, r, e); err != nil {
			w.errs = append(w.errs, err)
			return err
		}
	}
	return nil
}

// growing gives larger objects each time.
type growing struct{ *stream }

func (g growing) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	g.stream.size++
	return g.stream.Get(ctx, n)
}

func TestAnEnvelopeCanBeOpenedAgain(t *testing.T) {
	for size, requests := range map[int64]int{1000: 1, 5 << 20: 2} {
		w := &twice{stream: &stream{n: 1, size: size}}
		rep, err := engine.Sync(t.Context(), w, []engine.Target{at("r", w.stream)}, engine.Options{})
		if err != nil || w.sum.Load() != 2*size || rep.Remotes[0].Requests != requests {
			t.Errorf("%d bytes: read %d, %d requests, %v", size, w.sum.Load(), rep.Remotes[0].Requests, err)
		}
	}
	w := &twice{stream: &stream{n: 1, size: 5 << 20}}
	_, err := engine.Sync(t.Context(), w, []engine.Target{at("r", growing{w.stream})}, engine.Options{})
	if !errors.Is(err, remote.ErrUnavailable) || len(w.errs) != 1 {
		t.Errorf("another size than before: %v", err)
	}
}

// A large object that breaks off is the remote's fault, whatever the journal
// makes of the part that it saw.
func TestABrokenLargeObjectIsNoVerdict(t *testing.T) {
	s := &suspicious{stream: &stream{n: 1, size: 5 << 20}}
	cut := faults.New(s.stream, faults.Plan{Cut: 1})
	_, err := engine.Sync(t.Context(), s, []engine.Target{at("r", cut)}, engine.Options{})
	if !errors.Is(err, remote.ErrUnavailable) || errors.Is(err, enginetest.ErrForged) {
		t.Error(err)
	}
}

type suspicious struct{ *stream }

func (s *suspicious) Deliver(ctx context.Context, r string, e engine.Envelope) error {
	if s.stream.Deliver(ctx, r, e) != nil {
		return enginetest.ErrForged
	}
	return nil
}
