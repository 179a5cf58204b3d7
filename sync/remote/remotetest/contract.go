package remotetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"phivault/sync/remote"
)

func roundTrip(t *testing.T, _ Options, r remote.Remote) {
	for _, size := range []int{1, 2, 511, 4096, 65536, 65537, 1<<20 + 3} {
		n, b := Name(), Bytes(size)
		Put(t, r, n, b)
		wantHolds(t, r, n, b)
	}
	// Text that a helpful server might change.
	for _, s := range []string{"\r\n\r\n", "\x1f\x8b\x08\x00 not gzip", "\xef\xbb\xbf<html>", "\x00"} {
		n := Name()
		Put(t, r, n, []byte(s))
		wantHolds(t, r, n, []byte(s))
	}
	n, b := remote.Join.Name([32]byte(Bytes(32))), Bytes(300)
	Put(t, r, n, b)
	wantHolds(t, r, n, b)
	// A reader that cannot seek and gives little at a time.
	n = Name()
	if err := r.Put(t.Context(), n, iotest.HalfReader(io.MultiReader(bytes.NewReader(b))), int64(len(b))); err != nil {
		t.Fatal(err)
	}
	wantHolds(t, r, n, b)
}

func absent(t *testing.T, _ Options, r remote.Remote) {
	body, size, err := r.Get(t.Context(), Name())
	want(t, err, remote.ErrNotFound)
	if body != nil || size != 0 || remote.Retryable(err) {
		t.Errorf("an error came with a body, a size, or the advice to repeat it: %v", err)
	}
}

func createOnly(t *testing.T, _ Options, r remote.Remote) {
	n, b := Name(), Bytes(5000)
	Put(t, r, n, b)
	for _, other := range [][]byte{b, Bytes(5000), Bytes(10)} {
		err := r.Put(t.Context(), n, bytes.NewReader(other), int64(len(other)))
		want(t, err, remote.ErrExists)
		if remote.Retryable(err) {
			t.Error("a name that is taken does not become free")
		}
		wantHolds(t, r, n, b)
	}
}

func racing(t *testing.T, _ Options, r remote.Remote) {
	const writers = 20
	n := Name()
	bodies := make([][]byte, writers)
	errs := make([]error, writers)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range writers {
		bodies[i] = Bytes(3000 + i)
		wg.Go(func() {
			<-start
			errs[i] = r.Put(t.Context(), n, bytes.NewReader(bodies[i]), int64(len(bodies[i])))
		})
	}
	close(start)
	wg.Wait()
	stands, err := Get(t.Context(), r, n)
	if err != nil {
		t.Fatal(err)
	}
	winners, whole := 0, false
	for i, err := range errs {
		switch {
		case err == nil:
			winners++
		case !errors.Is(err, remote.ErrExists):
			t.Errorf("a loser of the race got %v", err)
		}
		if bytes.Equal(stands, bodies[i]) {
			whole = true
			if err != nil && remote.StrengthOf(r) == remote.Exclusive {
				t.Errorf("what stands is the object of one who was told %v", err)
			}
		}
	}
	if !whole {
		t.Error("what stands is no writer's object")
	}
	if winners == 0 || winners > 1 && remote.StrengthOf(r) == remote.Exclusive {
		t.Errorf("%d of %d writers won on a store that is %s", winners, writers, remote.StrengthOf(r))
	}
}

func lyingSizes(t *testing.T, _ Options, r remote.Remote) {
	for _, c := range []struct {
		have int
		say  int64
		want error
	}{
		{1000, 999, remote.ErrSize}, {1000, 1, remote.ErrSize}, {999, 1000, remote.ErrSize},
		{0, 1, remote.ErrSize}, {200_000, 199_999, remote.ErrSize}, {199_999, 200_000, remote.ErrSize},
		{1, 0, remote.ErrSize}, {0, 0, remote.ErrSize}, {1, -1, remote.ErrSize},
		{1, remote.MaxObject + 1, remote.ErrTooLarge}, {1, 1<<63 - 1, remote.ErrTooLarge},
	} {
		n := Name()
		err := r.Put(t.Context(), n, bytes.NewReader(Bytes(c.have)), c.say)
		want(t, err, c.want)
		if remote.Retryable(err) {
			t.Errorf("%d bytes announced as %d: repeating that is pointless", c.have, c.say)
		}
		wantAbsent(t, r, n)
	}
}

func failingReader(t *testing.T, _ Options, r remote.Remote) {
	boom := errors.New("boom")
	for _, before := range []int{0, 10, 100_000} {
		n := Name()
		err := r.Put(t.Context(), n, io.MultiReader(bytes.NewReader(Bytes(before)), iotest.ErrReader(boom)), 200_000)
		want(t, err, boom)
		want(t, err, remote.ErrUnread)
		wantAbsent(t, r, n)
	}
}

// cancelAfter cancels when it has given n bytes, and then gives more.
type cancelAfter struct {
	n      int
	cancel context.CancelFunc
}

func (c *cancelAfter) Read(p []byte) (int, error) {
	if c.n <= 0 {
		c.cancel()
	}
	n := min(len(p), 4096)
	c.n -= n
	return n, nil
}

func cancelled(t *testing.T, _ Options, r remote.Remote) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := Name()
	err := r.Put(ctx, n, strings.NewReader("late"), 4)
	want(t, err, context.Canceled)
	if remote.Retryable(err) {
		t.Error("a cancelled call asks to be repeated")
	}
	wantAbsent(t, r, n)
	_, _, err = r.Get(ctx, n)
	want(t, err, context.Canceled)

	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	n = Name()
	err = r.Put(ctx, n, &cancelAfter{n: 100_000, cancel: cancel}, 64<<20)
	want(t, err, context.Canceled)
	wantAbsent(t, r, n)

	n = Name()
	Put(t, r, n, Bytes(3<<20))
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	body, _, err := r.Get(ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if _, err := io.ReadFull(body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	cancel()
	_, err = io.Copy(io.Discard, body)
	want(t, err, context.Canceled)
}

// partial looks for the object each time the writer is asked for more of it.
func partial(t *testing.T, _ Options, r remote.Remote) {
	n, b := Name(), Bytes(1<<20)
	looks := 0
	src := bytes.NewReader(b)
	err := r.Put(t.Context(), n, readerFunc(func(p []byte) (int, error) {
		if len(p) > 128<<10 {
			p = p[:128<<10]
		}
		if src.Len() > 0 && looks < 8 {
			looks++
			if _, err := Get(t.Context(), r, n); !errors.Is(err, remote.ErrNotFound) {
				t.Errorf("with %d bytes to come, a get gives %v", src.Len(), err)
			}
		}
		return src.Read(p)
	}), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	if looks < 2 {
		t.Errorf("looked %d times only", looks)
	}
	wantHolds(t, r, n, b)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func zeroName(t *testing.T, _ Options, r remote.Remote) {
	want(t, r.Put(t.Context(), remote.Name{}, strings.NewReader("x"), 1), remote.ErrName)
	_, _, err := r.Get(t.Context(), remote.Name{})
	want(t, err, remote.ErrName)
	if d, ok := r.(remote.Deleter); ok {
		if err := d.Delete(t.Context(), remote.Name{}); !errors.Is(err, remote.ErrUnsupported) {
			want(t, err, remote.ErrName)
		}
	}
}

func concurrent(t *testing.T, _ Options, r remote.Remote) {
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				n, b := Name(), Bytes(20_000)
				if err := r.Put(t.Context(), n, bytes.NewReader(b), int64(len(b))); err != nil {
					t.Error(err)
					return
				}
				got, err := Get(t.Context(), r, n)
				if err != nil || !bytes.Equal(got, b) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
			}
		})
	}
	wg.Wait()
}

func closeTwice(t *testing.T, _ Options, r remote.Remote) {
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
