package faults_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/memory"
	"phivault/sync/remote/remotetest"
	"phivault/sync/remote/retry"
)

func TestContractInFairWeather(t *testing.T) {
	remotetest.Run(t, remotetest.Options{
		Open:    func(*testing.T) remote.Remote { return faults.New(memory.New(), faults.Plan{}) },
		Buffers: true, Watches: true, Lists: true, Deletes: true,
	})
}

func TestNothingAcknowledgedIsLostInFoulWeather(t *testing.T) {
	for seed := range uint64(5) {
		plan := faults.Plan{Seed: seed, Down: .1, Lost: .15, Cut: .2, Not: .05}
		var f *faults.Remote
		stores := map[string]func(*testing.T) remote.Remote{
			"memory": func(*testing.T) remote.Remote { return memory.New() },
			"folder": func(t *testing.T) remote.Remote {
				r, err := folder.Open(t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				return r
			},
		}
		for name, open := range stores {
			t.Run(name, func(t *testing.T) {
				remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote {
					f = faults.New(open(t), plan)
					return f
				}})
				for k := faults.None; k <= faults.Refused; k++ {
					if f.Count(k) == 0 && k != faults.Delayed {
						t.Errorf("kind %d never happened", k)
					}
				}
			})
		}
		t.Run("behind retry", func(t *testing.T) {
			remotetest.Faulty(t, remotetest.Options{Open: func(t *testing.T) remote.Remote {
				return retry.New(faults.New(memory.New(), plan), retry.Policy{
					Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
			}})
		})
	}
}

func TestTheSameSeedFailsTheSameWay(t *testing.T) {
	run := func() (out []bool) {
		r := faults.New(memory.New(), faults.Plan{Seed: 4, Down: .5})
		for range 64 {
			_, _, err := r.Get(t.Context(), remotetest.Name())
			out = append(out, errors.Is(err, remote.ErrNotFound))
		}
		return out
	}
	a, b := run(), run()
	ups := 0
	for i := range a {
		if a[i] != b[i] {
			t.Fatalf("call %d differs", i)
		}
		if a[i] {
			ups++
		}
	}
	if ups < 16 || ups > 48 {
		t.Errorf("%d of 64 calls passed at a rate of one half", ups)
	}
}

func TestAScriptDecidesCallByCall(t *testing.T) {
	script := []faults.Kind{faults.Down, faults.Cut, faults.Lost, faults.Cut, faults.Refused}
	r := faults.New(memory.New(), faults.Plan{Script: func(call int, _ string) faults.Kind { return script[call] }})
	n := remotetest.Name()
	put := func() error { return r.Put(t.Context(), n, strings.NewReader("object"), 6) }
	if err := put(); !remote.Retryable(err) {
		t.Errorf("down: %v", err)
	}
	if err := put(); !remote.Retryable(err) {
		t.Errorf("cut: %v", err)
	}
	if err := put(); !remote.Retryable(err) {
		t.Errorf("lost: %v", err)
	}
	body, _, err := r.Get(t.Context(), n)
	if err != nil {
		t.Fatalf("the put whose answer was lost took no effect: %v", err)
	}
	if b, err := io.ReadAll(body); string(b) != "obj" || !remote.Retryable(err) {
		t.Errorf("cut: %q, %v", b, err)
	}
	if err := put(); !errors.Is(err, remote.ErrRefused) || remote.Retryable(err) {
		t.Errorf("refused: %v", err)
	}
}

// echo answers each connection with what it gets, on loopback.
func echo(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); io.Copy(c, c) }()
		}
	}()
	return l.Addr().String()
}

func TestTheProxyMakesWeather(t *testing.T) {
	p, err := faults.NewProxy(echo(t))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	dial := func() net.Conn {
		c, err := net.Dial("tcp", p.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	say := func(c net.Conn, size int) (int, error) {
		go c.Write(bytes.Repeat([]byte("x"), size))
		return io.ReadFull(c, make([]byte, size))
	}

	if n, err := say(dial(), 5000); n != 5000 {
		t.Errorf("fair: %d, %v", n, err)
	}
	p.Set(faults.Weather{Cut: 5000})
	if n, err := say(dial(), 4000); n > 1000 || err == nil {
		t.Errorf("cut after 5000 both ways: %d came back, %v", n, err)
	}
	p.Set(faults.Weather{Cut: 10, Reset: true})
	if n, err := say(dial(), 4000); n != 0 || err == nil {
		t.Errorf("reset: %d, %v", n, err)
	}
	p.Set(faults.Weather{Blackhole: true})
	c := dial()
	c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := say(c, 10); n != 0 || err == nil {
		t.Errorf("blackhole: %d, %v", n, err)
	}
	p.Set(faults.Weather{Closed: true})
	if c, err := net.Dial("tcp", p.Addr()); err == nil { // the reset may come before the dial returns
		if n, err := say(c, 10); n != 0 || err == nil {
			t.Errorf("closed: %d, %v", n, err)
		}
		c.Close()
	}
	p.Set(faults.Weather{Delay: time.Millisecond})
	if n, err := say(dial(), 5000); n != 5000 {
		t.Errorf("delay: %d, %v", n, err)
	}
}
