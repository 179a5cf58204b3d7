package local

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"phivault/vault"
)

func TestOneProcessHasTheVault(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	child := w.start("hold", w.dir, "")
	child.expect("go")
	err := w.fails(pass, vault.ErrInUse)
	var in *InUseError
	if !errors.As(err, &in) || in.PID != child.cmd.Process.Pid || in.Command != "phivault-test" {
		t.Errorf("the holder is %+v, want process %d", in, child.cmd.Process.Pid)
	}
	if info, err := Inspect(w.dir); err != nil || info.LockedBy == nil || info.LockedBy.PID != in.PID {
		t.Errorf("%+v %v", info.LockedBy, err)
	}
	child.kill()
	w.close(w.open())
}

func TestWaitingEndsWhenTheHolderLetsGo(t *testing.T) {
	w := newWorld(t)
	w.close(w.create())
	child := w.start("hold", w.dir, "")
	child.expect("go")
	w.o.Wait = time.Minute
	got := make(chan error, 1)
	go func() {
		v, err := Open(ctx, w.dir, phrase(t, pass), w.o)
		if err == nil {
			err = v.Close(ctx)
		}
		got <- err
	}()
	child.end()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

func TestWaitingEndsWhenCancelled(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	w.o.Wait = time.Hour
	c, cancel := context.WithCancel(ctx)
	got := make(chan error, 1)
	go func() {
		_, err := Open(c, w.dir, phrase(t, pass), w.o)
		got <- err
	}()
	cancel()
	if err := <-got; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	w.close(v)
}

func TestTwoOpensInOneProcess(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	w.fails(pass, vault.ErrInUse)
	w.close(v)
	w.close(w.open())
}

func TestLockFileIsNotTrusted(t *testing.T) {
	for _, c := range []struct {
		text string
		want InUseError
	}{
		{"", InUseError{}},
		{"12 phivault\n", InUseError{12, "phivault"}},
		{"12", InUseError{PID: 12}},
		{"12 \x1b]52;c;AAAA\x07\n", InUseError{PID: 12}},
		{"12 caf\u00e9\n", InUseError{PID: 12}},
		{"-3 x\n", InUseError{}},
		{strings.Repeat("9", 1000), InUseError{}},
		{"\x00\x00\x00", InUseError{}},
	} {
		path := filepath.Join(t.TempDir(), lockName)
		l, err := acquire(ctx, path, "", 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.f.Truncate(0); err != nil {
			t.Fatal(err)
		}
		if _, err := l.f.WriteAt([]byte(c.text), 0); err != nil {
			t.Fatal(err)
		}
		_, err = acquire(ctx, path, "", 0)
		var got *InUseError
		if !errors.As(err, &got) || *got != c.want {
			t.Errorf("%q: %+v", c.text, got)
		}
		if err := l.release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeeperSavesAtMostOnceASecondAndAtLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var saved []int64
		k := newKeeper(func(h storeHead) { saved = append(saved, h.Entry) })
		k.offer(storeHead{Entry: 99}) // before the comparison: never saved
		k.start()
		time.Sleep(time.Hour)
		if len(saved) != 0 {
			t.Errorf("saved %v before anything lasted", saved)
		}
		k.offer(storeHead{Entry: 1})
		for i := int64(2); i <= 2500; i++ {
			time.Sleep(time.Millisecond)
			k.offer(storeHead{Entry: i})
		}
		k.close()
		if n := len(saved); n < 3 || n > 4 || saved[0] > 2 || saved[n-1] != 2500 {
			t.Errorf("saved %v", saved)
		}
		k = newKeeper(func(storeHead) { t.Error("saved without being started") })
		k.offer(storeHead{Entry: 1})
		k.close()
	})
}
