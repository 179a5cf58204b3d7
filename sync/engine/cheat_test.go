package engine_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"phivault/sync/engine"
	"phivault/sync/engine/enginetest"
	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
)

// scene is a host that knows two devices, of which the first has an edit that it
// has not sent yet.
type scene struct {
	v    *enginetest.Vault
	host *malicious.Remote
	a, b *enginetest.Journal
	past malicious.Past // before the last edits of both
}

func newScene(t *testing.T) *scene {
	v := enginetest.NewVault(2)
	v.PerSegment = 1
	s := &scene{v: v, host: malicious.New(memory.New()), a: v.Journal(0), b: v.Journal(1)}
	write(s.a, 5)
	write(s.b, 5)
	for _, j := range []*enginetest.Journal{s.a, s.b, s.a} {
		mustSync(t, j, s.host)
	}
	past, err := s.host.Remember(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.past = past
	s.b.Write("late")
	for _, j := range []*enginetest.Journal{s.b, s.a} {
		mustSync(t, j, s.host)
	}
	s.a.Write("unsent")
	return s
}

func TestACheatingHostIsNamedAndGetsNothing(t *testing.T) {
	lastOfB, nextOfB := 5, 6
	cases := []struct {
		name string
		play func(*testing.T, *scene)
		want error
	}{
		{"yesterday's store is put back", func(t *testing.T, s *scene) { s.host.Replay(s.past) }, enginetest.ErrGone},
		{"the last verified segment is withheld", func(t *testing.T, s *scene) {
			s.host.Hide(s.v.SegmentName(1, lastOfB))
		}, enginetest.ErrGone},
		{"the last verified segment of this device is withheld", func(t *testing.T, s *scene) {
			s.host.Hide(s.v.SegmentName(0, 4))
		}, enginetest.ErrGone},
		{"two objects are swapped", func(t *testing.T, s *scene) {
			if err := s.host.Swap(t.Context(), s.v.SegmentName(1, lastOfB), s.v.SegmentName(1, 2)); err != nil {
				t.Fatal(err)
			}
		}, enginetest.ErrGone},
		{"a bit is flipped", func(t *testing.T, s *scene) { s.host.Flip(s.v.SegmentName(1, lastOfB), 700) }, enginetest.ErrGone},
		{"an object is shown under the next name", func(t *testing.T, s *scene) {
			s.host.Serve(s.v.SegmentName(1, nextOfB), s.past[s.v.SegmentName(1, 3)])
		}, enginetest.ErrUnreadable},
		{"a fork with real keys", func(t *testing.T, s *scene) {
			fork := s.v.Sign(enginetest.Segment{Device: 1, Seq: lastOfB, Entries: []string{"other"}})
			n := s.v.SegmentName(1, lastOfB)
			s.host.Serve(n, s.v.Seal(n, fork))
		}, enginetest.ErrFork},
		{"an unsigned segment with the vault's key", func(t *testing.T, s *scene) {
			n := s.v.SegmentName(1, nextOfB)
			s.host.Serve(n, s.v.Seal(n, enginetest.Segment{Device: 1, Seq: nextOfB, Entries: []string{"forged"}}))
		}, enginetest.ErrForged},
		{"a signed segment that follows nothing", func(t *testing.T, s *scene) {
			n := s.v.SegmentName(1, nextOfB)
			s.host.Serve(n, s.v.Seal(n, s.v.Sign(enginetest.Segment{Device: 1, Seq: nextOfB, Entries: []string{"forged"}})))
		}, enginetest.ErrForged},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t)
			before := fmt.Sprint(s.a.Entries())
			other := memory.New()
			seen := len(s.host.Calls())
			c.play(t, s)
			rep, err := engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host), at("other", other)}, engine.Options{})
			if !errors.Is(err, c.want) || !errors.Is(rep.Remotes[0].Err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			for _, call := range s.host.Calls()[seen:] {
				if call.Op == "put" {
					t.Errorf("%s was put to a host that cheats", call.Name)
				}
			}
			if got := fmt.Sprint(s.a.Entries()); got != before {
				t.Errorf("entries changed: %s, were %s", got, before)
			}
			// The other remote is none the worse for it.
			if rep.Remotes[1].Err != nil || count(t, other) != 12 {
				t.Errorf("the other remote: %d of 12 segments, %v", count(t, other), rep.Remotes[1].Err)
			}
			s.host.Honest()
			mustSync(t, s.a, s.host)
			mustSync(t, s.b, s.host)
			wantSame(t, 12, s.a, s.b)
		})
	}
}

func TestAHarmlessErrorKeepsNothingBack(t *testing.T) {
	s := newScene(t)
	s.host.Serve(s.v.SegmentName(1, 6), []byte("noise"))
	o := engine.Options{Harmless: func(err error) bool { return errors.Is(err, enginetest.ErrUnreadable) }}
	rep, err := engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host)}, o)
	if err != nil || rep.Remotes[0].Pushed.Segments != 1 {
		t.Errorf("%+v, %v", rep, err)
	}
	if h := rep.Remotes[0].Harmless; len(h) != 1 || !errors.Is(h[0], enginetest.ErrUnreadable) {
		t.Errorf("it is not reported: %v", h)
	}
	// What is in the way of an own object is never harmless.
	s.a.Write("more")
	s.host.Serve(s.v.SegmentName(0, 6), []byte("noise"))
	if err := s.host.Put(t.Context(), s.v.SegmentName(0, 6), strings.NewReader("noise"), 5); err != nil {
		t.Fatal(err)
	}
	if rep, err = engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host)}, o); !errors.Is(err, enginetest.ErrUnreadable) {
		t.Errorf("%+v, %v", rep, err)
	}
}

func TestAHostThatTakesAndForgets(t *testing.T) {
	s := newScene(t)
	s.host.Freeze()
	mustSync(t, s.a, s.host) // nobody can know yet
	if _, err := engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host)}, engine.Options{}); !errors.Is(err, enginetest.ErrGone) {
		t.Errorf("the next sync: %v", err)
	}
	// One that says "exists" and shows nothing.
	s = newScene(t)
	s.host.Freeze()
	if err := s.host.Put(t.Context(), s.v.SegmentName(0, 5), strings.NewReader("x"), 1); err != nil {
		t.Fatal(err)
	}
	rep, err := engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host)}, engine.Options{})
	if !errors.Is(err, engine.ErrContradiction) {
		t.Errorf("a contradiction: %v", err)
	}
	// It is one error: who takes them apart finds no object that is merely absent.
	for l := range strings.SplitSeq(rep.Remotes[0].Err.Error(), "\n") {
		if !strings.Contains(l, engine.ErrContradiction.Error()) {
			t.Errorf("beside it: %s", l)
		}
	}
}

func TestLyingSizesAreFaultsOfTheRemote(t *testing.T) {
	for _, says := range []int64{1, 1 << 40, -5} {
		s := newScene(t)
		s.host.Announce(s.v.SegmentName(1, 5), says)
		res, err := engine.Sync(t.Context(), s.a, []engine.Target{at("r", s.host)}, engine.Options{})
		if !errors.Is(err, remote.ErrUnavailable) {
			t.Errorf("%d bytes announced: %v", says, err)
		}
		if errors.Is(err, enginetest.ErrForged) || errors.Is(err, enginetest.ErrUnreadable) {
			t.Errorf("%d bytes announced: the journal saw a part as the whole: %v, %+v", says, err, res)
		}
	}
}

func TestEndlessErrorsEndAndStaySmall(t *testing.T) {
	v := enginetest.NewVault(500)
	host := malicious.New(memory.New())
	for d := range 500 {
		host.Serve(v.SegmentName(d, 0), []byte("noise that opens nowhere"))
	}
	rep, err := engine.Sync(t.Context(), v.Journal(0), []engine.Target{at("r", host)}, engine.Options{})
	if !errors.Is(err, enginetest.ErrUnreadable) || rep.Remotes[0].Requests > 64+16 {
		t.Errorf("%d requests to a host of which every object is bad", rep.Remotes[0].Requests)
	}
	if n := strings.Count(err.Error(), "\n"); n > 10 {
		t.Errorf("an error of %d lines", n)
	}
}

// An error may quote names of objects and nothing that the store chose.
func TestErrorsNameObjectsAtMost(t *testing.T) {
	s := newScene(t)
	s.host.Hide(s.v.SegmentName(1, 5))
	_, err := engine.Sync(t.Context(), s.a, []engine.Target{at("secret-label", s.host)}, engine.Options{})
	if err == nil || strings.Contains(err.Error(), "secret-label") || !strings.Contains(err.Error(), s.v.SegmentName(1, 5).String()) {
		t.Errorf("%v", err)
	}
}
