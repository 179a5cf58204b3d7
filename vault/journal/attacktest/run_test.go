package attacktest

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
	"phivault/vault/journal/journaltest"
)

// suite runs the scripts and gives those that did not hold.
func suite(t *testing.T, r remote.Remote, within remote.Space) (failed []Result, left int) {
	t.Helper()
	n := 0
	left, err := Run(ctx, r, within, journaltest.Scratch(t), func(res Result) {
		n++
		if !res.Held {
			failed = append(failed, res)
		}
	})
	if err != nil || n != len(attacks) {
		t.Fatalf("%d of %d attacks were tried: %v", n, len(attacks), err)
	}
	return failed, left
}

func TestTheScriptedAttacksHoldOnEveryKindOfStore(t *testing.T) {
	stores := map[string]func(t *testing.T) remote.Remote{
		"memory": func(*testing.T) remote.Remote { return memory.New() },
		"folder": func(t *testing.T) remote.Remote {
			r, err := folder.Open(journaltest.Scratch(t))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
			return r
		},
	}
	for kind := range adapters {
		stores[kind] = func(t *testing.T) remote.Remote {
			srv, h := remotetest.Serve(t, &server{objects: map[string][]byte{}}, nil)
			r, err := adapters[kind](remotetest.Space(), srv.URL, h)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close() })
			return r
		}
	}
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			within := remote.Space{}
			if name == "hosted" { // which gives a vault its own space and no other
				within = remotetest.Space()
			}
			failed, left := suite(t, open(t), within)
			for _, f := range failed {
				t.Errorf("attack %d (%s): %s", f.Number, f.Does, f.Why)
			}
			if left > 0 {
				t.Errorf("%d objects stay", left)
			}
		})
	}
}

// forgetful loses what was put after a while.
type forgetful struct {
	remote.Remote
	puts int
}

func (f *forgetful) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	if f.puts++; f.puts > 14 {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	return f.Remote.Put(ctx, n, r, size)
}

// A store that fails is told apart from a client that gives way.
func TestAStoreThatFailsIsNamedAsSuch(t *testing.T) {
	failed, _ := suite(t, &forgetful{Remote: memory.New()}, remote.Space{})
	if len(failed) == 0 {
		t.Fatal("nothing failed on a store that loses objects")
	}
	for _, f := range failed {
		if f.Why == "" || strings.Contains(f.Why, mark) {
			t.Errorf("%+v", f)
		}
	}
	if _, err := Run(ctx, &forgetful{Remote: memory.New(), puts: 100}, remote.Space{}, journaltest.Scratch(t), func(Result) {}); err == nil {
		t.Error("a vault was made on a store that keeps nothing")
	} else if errors.Is(err, errTook) {
		t.Errorf("the client is blamed: %v", err)
	}
}
