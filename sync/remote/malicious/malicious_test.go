package malicious_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
)

func TestContractWhileHonest(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open:    func(*testing.T) remote.Remote { return malicious.New(memory.New()) },
		Buffers: true, Watches: true, Lists: true, Deletes: true,
	})
}

func host(t *testing.T) (*malicious.Remote, []remote.Name, [][]byte) {
	r := malicious.New(memory.New())
	var names []remote.Name
	var bodies [][]byte
	for i := range 3 {
		n, b := remotetest.Name(), remotetest.Bytes(100+i)
		remotetest.Put(t, r, n, b)
		names, bodies = append(names, n), append(bodies, b)
	}
	return r, names, bodies
}

func TestEveryTrickShowsWhatItPromises(t *testing.T) {
	none := []byte(nil)
	cases := map[string]struct {
		play func(t *testing.T, r *malicious.Remote, n []remote.Name)
		want func(b [][]byte) [][]byte // of the three names
	}{
		"swap": {func(t *testing.T, r *malicious.Remote, n []remote.Name) {
			if err := r.Swap(t.Context(), n[0], n[1]); err != nil {
				t.Fatal(err)
			}
		}, func(b [][]byte) [][]byte { return [][]byte{b[1], b[0], b[2]} }},
		"truncate": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) { r.Truncate(n[0], 10) },
			func(b [][]byte) [][]byte { return [][]byte{b[0][:10], b[1], b[2]} }},
		"append": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) { r.Append(n[0], []byte("x")) },
			func(b [][]byte) [][]byte { return [][]byte{append(slices.Clone(b[0]), 'x'), b[1], b[2]} }},
		"flip": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) { r.Flip(n[0], 9) },
			func(b [][]byte) [][]byte { c := slices.Clone(b[0]); c[1] ^= 2; return [][]byte{c, b[1], b[2]} }},
		"hide": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) { r.Hide(n[0], n[1]); r.Show(n[1]) },
			func(b [][]byte) [][]byte { return [][]byte{none, b[1], b[2]} }},
		"serve": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) { r.Serve(n[2], []byte("forged")) },
			func(b [][]byte) [][]byte { return [][]byte{b[0], b[1], []byte("forged")} }},
		"honest again": {func(_ *testing.T, r *malicious.Remote, n []remote.Name) {
			r.Hide(n...)
			r.Freeze()
			r.Replay(malicious.Past{})
			r.Honest()
		}, func(b [][]byte) [][]byte { return b }},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			r, names, bodies := host(t)
			c.play(t, r, names)
			for i, want := range c.want(bodies) {
				got, err := remotetest.Get(t.Context(), r, names[i])
				if want == nil {
					if !errors.Is(err, remote.ErrNotFound) {
						t.Errorf("object %d: %v", i, err)
					}
				} else if err != nil || !bytes.Equal(got, want) {
					t.Errorf("object %d: %q, %v", i, got, err)
				}
			}
		})
	}
}

func TestYesterdayIsPutBackWhole(t *testing.T) {
	r, names, bodies := host(t)
	past, err := r.Remember(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	later := remotetest.Name()
	remotetest.Put(t, r, later, []byte("later"))
	r.Replay(past)
	if _, err := remotetest.Get(t.Context(), r, later); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("today's object: %v", err)
	}
	if got, err := remotetest.Get(t.Context(), r, names[1]); err != nil || !bytes.Equal(got, bodies[1]) {
		t.Errorf("yesterday's object: %v", err)
	}
	remotetest.Put(t, r, later, []byte("again")) // the name is free again
	if got, _ := remotetest.Get(t.Context(), r, later); string(got) != "again" {
		t.Errorf("got %q", got)
	}
	if _, leaked := past[later]; leaked {
		t.Error("a put changed the past that was remembered")
	}
}

func TestAFrozenHostAcknowledgesAndForgets(t *testing.T) {
	r, names, _ := host(t)
	r.Freeze()
	n := remotetest.Name()
	remotetest.Put(t, r, n, []byte("news"))
	if _, err := remotetest.Get(t.Context(), r, n); !errors.Is(err, remote.ErrNotFound) {
		t.Errorf("news: %v", err)
	}
	if err := r.Put(t.Context(), n, bytes.NewReader([]byte("news")), 4); !errors.Is(err, remote.ErrExists) {
		t.Errorf("the same again: %v", err)
	}
	if _, err := remotetest.Get(t.Context(), r, names[0]); err != nil {
		t.Errorf("old: %v", err)
	}
}

func TestLiesAboutSizesAndListings(t *testing.T) {
	r, names, _ := host(t)
	r.Announce(names[0], 1<<40)
	body, size, err := r.Get(t.Context(), names[0])
	if err != nil || size != 1<<40 {
		t.Errorf("%d, %v", size, err)
	}
	if got, _ := io.ReadAll(body); len(got) != 100 {
		t.Errorf("the body has %d bytes", len(got))
	}
	r.ListFalsely(malicious.Endless(remotetest.Space()))
	seen := map[remote.Name]bool{}
	for e, err := range r.List(t.Context(), remotetest.Space()) {
		if err != nil {
			t.Fatal(err)
		}
		seen[e.Name] = true
		if len(seen) == 10_000 {
			break
		}
	}
	if len(seen) != 10_000 {
		t.Errorf("%d names", len(seen))
	}
}

func TestTheHostRemembersEveryCall(t *testing.T) {
	r, names, _ := host(t)
	remotetest.Get(t.Context(), r, names[2])
	calls := r.Calls()
	if len(calls) != 4 || calls[1] != (malicious.Call{Op: "put", Name: names[1], Size: 101}) || calls[3].Op != "get" {
		t.Errorf("%+v", calls)
	}
}
