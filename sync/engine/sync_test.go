package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func at(name string, r remote.Remote) engine.Target { return engine.Target{Name: name, Remote: r} }

// mustSync syncs with one remote, named "r", without any error.
func mustSync(t *testing.T, j *enginetest.Journal, r remote.Remote) engine.Result {
	t.Helper()
	rep, err := engine.Sync(t.Context(), j, []engine.Target{at("r", r)}, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep.Remotes[0]
}

// wantSame checks that journals hold the same entries, and that the engine kept
// its part with each.
func wantSame(t *testing.T, want int, js ...*enginetest.Journal) {
	t.Helper()
	first := js[0].Entries()
	if len(first) != want {
		t.Errorf("%d entries, want %d", len(first), want)
	}
	for i, j := range js {
		if got := j.Entries(); !slices.Equal(got, first) {
			t.Errorf("device %d has %d entries, device 0 has %d", i, len(got), len(first))
		}
		for _, b := range j.Broken() {
			t.Errorf("device %d: %s", i, b)
		}
	}
}

func write(j *enginetest.Journal, n int) {
	for i := range n {
		j.Write(fmt.Sprintf("entry %d", i))
	}
}

func TestDevicesConverge(t *testing.T) {
	v := enginetest.NewVault(3)
	v.PerSegment, v.Packs = 1, true
	store := memory.New()
	js := []*enginetest.Journal{v.Journal(0), v.Journal(1), v.Journal(2)}
	write(js[0], 150)
	write(js[1], 20)
	js[1].Attach(5 << 20) // larger than what is read whole
	js[1].Attach(10)
	write(js[1], 1)
	total := 173
	for range 2 {
		for _, j := range js {
			mustSync(t, j, store)
		}
	}
	wantSame(t, total, js...)
}

func TestAReportCountsWhatMoved(t *testing.T) {
	v := enginetest.NewVault(2)
	a, b := v.Journal(0), v.Journal(1)
	store := memory.New()
	write(a, 250)
	up := mustSync(t, a, store)
	down := mustSync(t, b, store)
	var bytes int64
	for e := range store.List(t.Context(), remote.Space{}) {
		bytes += e.Size
	}
	want := engine.Traffic{Objects: 3, Bytes: bytes, Tally: engine.Tally{Segments: 3, Entries: 250}}
	if up.Pushed != want || up.Pulled != (engine.Traffic{}) || !up.Moved || up.Remote != "r" || up.Took <= 0 {
		t.Errorf("up: %+v", up)
	}
	if down.Pulled != want || down.Pushed != (engine.Traffic{}) || !down.Moved {
		t.Errorf("down: %+v", down)
	}
	if idle := mustSync(t, b, store); idle.Moved {
		t.Errorf("nothing was new: %+v", idle)
	}
}

// calls gives the calls of one kind since the last look.
func calls(r *malicious.Remote, from *int) (puts, gets int) {
	all := r.Calls()
	for _, c := range all[*from:] {
		switch c.Op {
		case "put":
			puts++
		case "get":
			gets++
		default:
			panic(c.Op)
		}
	}
	*from = len(all)
	return puts, gets
}

func TestRequestsGrowWithTheChangeAndNotWithTheVault(t *testing.T) {
	for _, segments := range []int{1, 200} {
		v := enginetest.NewVault(3)
		v.PerSegment = 1
		store := malicious.New(memory.New())
		js := []*enginetest.Journal{v.Journal(0), v.Journal(1), v.Journal(2)}
		for _, j := range js {
			write(j, segments)
		}
		for range 3 {
			for _, j := range js {
				mustSync(t, j, store)
			}
		}
		wantSame(t, 3*segments, js...)
		seen := 0
		calls(store, &seen)
		expect := func(what string, j *enginetest.Journal, wantPuts, wantGets int) {
			t.Helper()
			res := mustSync(t, j, store)
			puts, gets := calls(store, &seen)
			if puts != wantPuts || gets != wantGets || res.Requests != puts+gets {
				t.Errorf("%d segments, %s: %d puts and %d gets, %d reported; want %d and %d", segments, what, puts, gets,
					res.Requests, wantPuts, wantGets)
			}
		}
		// The last of each log, and the next of the two others.
		expect("idle", js[0], 0, 5)
		js[0].Write("edit")
		expect("one edit here", js[0], 1, 5)
		expect("idle again", js[0], 0, 5)
		// One hit, and two names after it that are not there yet.
		expect("one edit there", js[1], 0, 5+2)
		expect("idle there", js[1], 0, 5)
		wantSame(t, 3*segments+1, js[:2]...)
	}
}

func TestAJoiningDeviceTakesPacks(t *testing.T) {
	for _, packs := range []bool{true, false} {
		v := enginetest.NewVault(2)
		v.PerSegment, v.Packs = 1, packs
		store := malicious.New(memory.New())
		a, b := v.Journal(0), v.Journal(1)
		write(a, 640)
		mustSync(t, a, store)
		res := mustSync(t, b, store)
		wantSame(t, 640, a, b)
		if packs && res.Requests > 10+1+16 || !packs && res.Requests < 640 {
			t.Errorf("packs %v: %d requests", packs, res.Requests)
		}
	}
}

func TestSeveralRemotesOneOfThemDown(t *testing.T) {
	v := enginetest.NewVault(2)
	v.PerSegment = 1
	one, two, down := memory.New(), memory.New(), &gone{}
	a, b := v.Journal(0), v.Journal(1)
	write(b, 30)
	if _, err := engine.Sync(t.Context(), b, []engine.Target{at("one", one)}, engine.Options{}); err != nil {
		t.Fatal(err)
	}
	write(a, 20)
	rep, err := engine.Sync(t.Context(), a, []engine.Target{at("down", down), at("two", two), at("one", one)}, engine.Options{})
	if !errors.Is(err, remote.ErrUnavailable) || !errors.Is(rep.Remotes[0].Err, remote.ErrUnavailable) {
		t.Errorf("one remote is down: %v", err)
	}
	if rep.Remotes[1].Err != nil || rep.Remotes[2].Err != nil {
		t.Errorf("the others: %v, %v", rep.Remotes[1].Err, rep.Remotes[2].Err)
	}
	// What one remote gave has reached the other in the same sync.
	if n := count(t, two); n != 50 {
		t.Errorf("the second remote has %d of 50 segments", n)
	}
	if n := count(t, one); n != 50 {
		t.Errorf("the first remote has %d of 50 segments", n)
	}
	if down.puts > 0 {
		t.Errorf("%d puts to a remote that answered nothing", down.puts)
	}
	wantSame(t, 50, a)
}

func count(t *testing.T, r remote.Lister) (n int) {
	t.Helper()
	for _, err := range r.List(t.Context(), remote.Space{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestACancelledContextIsTheOnlyError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	rep, err := engine.Sync(ctx, enginetest.NewVault(2).Journal(0), []engine.Target{at("r", memory.New())}, engine.Options{})
	if !errors.Is(err, context.Canceled) || len(rep.Remotes) != 1 || rep.Remotes[0].Requests != 0 {
		t.Errorf("%+v, %v", rep, err)
	}
}

// dying answers some calls and then none.
type dying struct {
	gone
	remote.Remote
	answers int
}

func (d *dying) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	if d.alive() {
		return d.Remote.Put(ctx, n, r, size)
	}
	return d.gone.Put(ctx, n, r, size)
}

func (d *dying) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if d.alive() {
		return d.Remote.Get(ctx, n)
	}
	return d.gone.Get(ctx, n)
}

func (d *dying) alive() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answers--
	return d.answers >= 0
}

func (d *dying) Close() error { return nil }

func TestARemoteThatDiesOrRefusesIsLeftAlone(t *testing.T) {
	s := &stream{n: 1000, size: 10}
	d := &dying{Remote: s, answers: 100}
	if _, err := engine.Sync(t.Context(), s, []engine.Target{at("r", d)}, engine.Options{Parallel: 4}); !errors.Is(err, remote.ErrUnavailable) {
		t.Error(err)
	}
	if d.gets > 12 {
		t.Errorf("%d questions to a remote that has died", d.gets)
	}
	v := enginetest.NewVault(200)
	j := v.Journal(0)
	write(j, 5)
	refusing := faults.New(memory.New(), faults.Plan{Not: 1})
	rep, err := engine.Sync(t.Context(), j, []engine.Target{at("r", refusing)}, engine.Options{Parallel: 4})
	if !errors.Is(err, remote.ErrRefused) || refusing.Calls() > 8 || rep.Remotes[0].Requests != refusing.Calls() {
		t.Errorf("%d calls to a remote that refuses: %v", refusing.Calls(), err)
	}
}

// A cloud drive's files arrive one by one: what is not there yet keeps nothing
// else back.
func TestAnObjectThatHasNotArrivedKeepsNothingBack(t *testing.T) {
	v := enginetest.NewVault(3)
	store := memory.New()
	a, b, c := v.Journal(0), v.Journal(1), v.Journal(2)
	a.Write("first")
	for _, j := range []*enginetest.Journal{a, b, c} {
		mustSync(t, j, store)
	}
	a.Write("second")
	b.Write("arriving")
	c.Write("arrived")
	mustSync(t, b, store)
	mustSync(t, c, store)
	rep, err := engine.Sync(t.Context(), a, []engine.Target{at("r", &late{store, v.SegmentName(1, 0)})}, engine.Options{})
	if !errors.Is(err, remote.ErrUnavailable) {
		t.Errorf("it is not reported: %v", err)
	}
	if p := rep.Remotes[0]; p.Pushed.Segments != 1 || p.Pulled.Segments != 1 {
		t.Errorf("%+v", p)
	}
}

func TestARemoteThatHasNothingYetIsNotDown(t *testing.T) {
	v := enginetest.NewVault(3)
	a := v.Journal(0)
	a.Write("first")
	rep, err := engine.Sync(t.Context(), a, []engine.Target{at("r", &late{memory.New(), v.SegmentName(1, 0)})}, engine.Options{Parallel: 4})
	if !errors.Is(err, remote.ErrUnavailable) || rep.Remotes[0].Pushed.Segments != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
}

// confused gives a name and an error whenever it is asked.
type confused struct{ *stream }

func (c confused) Wanted(context.Context, string) iter.Seq2[remote.Name, error] {
	return func(yield func(remote.Name, error) bool) {
		if yield(c.name(1), nil) {
			yield(remote.Name{}, enginetest.ErrLocal)
		}
	}
}

func TestAJournalThatCannotAskEndsTheSync(t *testing.T) {
	c := confused{&stream{n: 1, size: 10, out: true}}
	rep, err := engine.Sync(t.Context(), c, []engine.Target{at("r", c.stream)}, engine.Options{})
	if !errors.Is(err, enginetest.ErrLocal) || rep.Remotes[0].Requests != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
}

// late has an object whose bytes have not arrived.
type late struct {
	remote.Remote
	name remote.Name
}

func (l *late) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n == l.name {
		return nil, 0, remote.Fail("get", n, remote.ErrUnavailable, "its bytes have not arrived")
	}
	return l.Remote.Get(ctx, n)
}

func TestAnIdleSyncThatTriesPacksMovedNothing(t *testing.T) {
	v := enginetest.NewVault(2)
	v.Packs = true
	if res := mustSync(t, v.Journal(0), memory.New()); res.Moved || res.Requests != 2 {
		t.Errorf("%+v", res)
	}
}

func TestAnErrorAfterAPutIsNeverHarmless(t *testing.T) {
	v := enginetest.NewVault(2)
	j := v.Journal(0)
	j.Write("x")
	j.Hook = func(call string) error {
		if call == "sent" {
			return enginetest.ErrLocal
		}
		return nil
	}
	o := engine.Options{Harmless: func(error) bool { return true }}
	if _, err := engine.Sync(t.Context(), j, []engine.Target{at("r", memory.New())}, o); !errors.Is(err, enginetest.ErrLocal) {
		t.Error(err)
	}
}
