package attacktest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
)

// odd is a store with one bad habit.
type odd struct {
	*memory.Remote
	habit string

	mu   sync.Mutex
	last map[remote.Name][]byte
}

func (o *odd) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	switch o.habit {
	case "is down":
		return remote.Fail("put", n, remote.ErrUnavailable, "")
	case "damages":
		b[0] ^= 1
	case "overwrites":
		o.last[n] = b
		return nil
	case "acknowledges":
		if o.last[n] == nil {
			o.last[n] = b
		}
		return nil
	}
	return o.Remote.Put(ctx, n, bytes.NewReader(b), size)
}

func (o *odd) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	o.mu.Lock()
	b := o.last[n]
	o.mu.Unlock()
	if b != nil {
		return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
	}
	if o.habit == "invents" {
		if r, size, err := o.Remote.Get(ctx, n); err == nil {
			return r, size, nil
		}
		return io.NopCloser(bytes.NewReader([]byte("x"))), 1, nil
	}
	return o.Remote.Get(ctx, n)
}

func (o *odd) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	if o.habit == "hides" {
		return func(func(remote.Entry, error) bool) {}
	}
	return o.Remote.List(ctx, s)
}

func (o *odd) Delete(ctx context.Context, n remote.Name) error {
	o.mu.Lock()
	delete(o.last, n)
	o.mu.Unlock()
	switch o.habit {
	case "only adds":
		return remote.Fail("delete", n, remote.ErrUnsupported, "")
	case "pretends":
		return nil
	}
	return o.Remote.Delete(ctx, n)
}

func TestWhatAStoreDoesIsSeen(t *testing.T) {
	for habit, want := range map[string]struct{ trait, state string }{
		"none":         {"keeps", "ok"},
		"damages":      {"keeps", "problem"},
		"overwrites":   {"create-only", "problem"},
		"acknowledges": {"create-only", "problem"},
		"invents":      {"absent", "problem"},
		"hides":        {"listing", "note"},
		"only adds":    {"delete", "ok"},
		"pretends":     {"delete", "note"},
	} {
		traits, left, err := Look(ctx, &odd{Remote: memory.New(), habit: habit, last: map[remote.Name][]byte{}}, remotetest.Space())
		if err != nil {
			t.Errorf("%s: %v", habit, err)
		}
		got := map[string]string{}
		for _, x := range traits {
			got[x.Name] = x.State
		}
		if got[want.trait] != want.state || habit == "none" && len(got) != 6 {
			t.Errorf("%s: %v", habit, got)
		}
		if stays := habit == "only adds" || habit == "pretends" || habit == "invents"; (left > 0) != stays {
			t.Errorf("%s: %d stay", habit, left)
		}
	}
	if _, _, err := Look(ctx, &odd{Remote: memory.New(), habit: "is down"}, remotetest.Space()); err == nil {
		t.Error("a store that does not answer was described")
	} else if errors.Is(err, errTook) {
		t.Error(err)
	}
}
