package engine_test

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"phivault/sync/remote"
)

// gone is a remote that cannot be reached.
type gone struct {
	mu         sync.Mutex
	puts, gets int
}

func (g *gone) Put(_ context.Context, n remote.Name, _ io.Reader, _ int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.puts++
	return remote.Fail("put", n, remote.ErrUnavailable, "")
}

func (g *gone) Get(_ context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gets++
	return nil, 0, remote.Fail("get", n, remote.ErrUnavailable, "")
}

func (g *gone) Close() error { return nil }

// busy counts the calls that are under way, bodies included.
type busy struct {
	remote.Remote
	now, most atomic.Int64
	turn      func()
}

func (b *busy) enter() func() {
	n := b.now.Add(1)
	for {
		m := b.most.Load()
		if n <= m || b.most.CompareAndSwap(m, n) {
			break
		}
	}
	if b.turn != nil {
		b.turn()
	}
	return func() { b.now.Add(-1) }
}

func (b *busy) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	defer b.enter()()
	return b.Remote.Put(ctx, n, r, size)
}

func (b *busy) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	leave := b.enter()
	body, size, err := b.Remote.Get(ctx, n)
	if err != nil {
		leave()
		return nil, 0, err
	}
	return &leaving{body, leave}, size, nil
}

type leaving struct {
	io.ReadCloser
	leave func()
}

func (l *leaving) Close() error {
	l.leave()
	return l.ReadCloser.Close()
}
