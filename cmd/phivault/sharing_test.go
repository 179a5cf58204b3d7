package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/tui"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
)

// shared is an open vault with what the interface does with others.
func shared(t *testing.T) *sharing {
	t.Helper()
	dir := t.TempDir()
	p := secret.FromBytes([]byte(testPassphrase))
	defer p.Destroy()
	a := newApp(os.Stdin, os.Stdout, os.Stderr, func(string) string { return "" })
	v, err := local.Create(t.Context(), filepath.Join(dir, "vault"), p, keyfile.DefaultParams(), local.Options{StateDir: filepath.Join(dir, "state")})
	if err != nil {
		t.Fatal(err)
	}
	x := newSharing(&session{v, a})
	t.Cleanup(func() {
		x.close()
		if err := v.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return x
}

func (x *sharing) folder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "cloud")
	if made, err := x.Remotes().Add(t.Context(), tui.NewRemote{Name: "main", Address: "folder:" + dir}); err != nil || made != dir {
		t.Fatal(made, err)
	}
	return dir
}

func TestTheBackgroundWaitsForARemoteAndEndsWithTheVault(t *testing.T) {
	x := shared(t)
	heard, wake, ended := make(chan []tui.Round), make(chan struct{}, 1), make(chan error, 1)
	go func() {
		ended <- x.Sync().Watch(context.Background(), wake, func(r []tui.Round) {
			select {
			case heard <- r:
			case <-x.ctx.Done():
			}
		})
	}()
	dir := x.folder(t)
	if r := <-heard; len(r) != 1 || r[0].Remote != "main" || r[0].Trouble != tui.TroubleNone {
		t.Fatalf("%+v", r)
	}
	// The stick is pulled out, and plugged in again.
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	wake <- struct{}{}
	if r := <-heard; len(r) != 1 || r[0].Trouble != tui.TroubleOffline {
		t.Fatalf("%+v", r)
	}
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	wake <- struct{}{}
	if r := <-heard; len(r) != 1 || r[0].Trouble != tui.TroubleNone {
		t.Fatalf("%+v", r)
	}
	st, err := x.Sync().Standing(t.Context())
	if err != nil || len(st.Remotes) != 1 || st.Remotes[0].Synced.IsZero() || len(st.Devices) != 1 || !st.Devices[0].Self || st.Code == "" {
		t.Errorf("%+v %v", st, err)
	}
	x.close()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if _, err := x.Sync().Standing(t.Context()); !errors.Is(err, local.ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}

func TestExchangesTakeTurns(t *testing.T) {
	x := shared(t)
	x.folder(t)
	if err := x.take(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := x.Sync().Now(ctx, func(int64) {})
		done <- err
	}()
	stop()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("beside another: %v", err)
	}
	x.give()
	rounds, err := x.Sync().Now(t.Context(), func(int64) {})
	if err != nil || len(rounds) != 1 || rounds[0].Trouble != tui.TroubleNone {
		t.Errorf("%+v %v", rounds, err)
	}
}

func TestWhatIsWrongWithARemoteIsToldApart(t *testing.T) {
	for want, err := range map[tui.Trouble]error{
		tui.TroubleNone:       nil,
		tui.TroubleOffline:    remote.ErrUnavailable,
		tui.TroubleRefused:    remote.ErrRefused,
		tui.TroubleOther:      vault.ErrFull,
		tui.TroubleRestored:   journal.ErrRestored,
		tui.TroubleEnded:      journal.ErrEnded,
		tui.TroubleUntrusted:  remote.ErrUntrusted,
		tui.TroubleUnreadable: journal.ErrUnreadable,
		tui.TroubleGone:       journal.ErrGone,
		tui.TroubleFork:       journal.ErrFork,
		tui.TroubleForged:     journal.ErrForged,
	} {
		if err != nil {
			err = fmt.Errorf("%w: device aabb, segment 3", err)
		}
		round, ok := roundOf(local.Remote{Name: "main"}, engine.Result{Err: err}, false)
		if !ok || round.Trouble != want || (round.Words == "") != (err == nil) || round.Remote != "main" {
			t.Errorf("%v is %+v", err, round)
		}
	}
	if _, ok := roundOf(local.Remote{}, engine.Result{Err: context.Canceled}, false); ok {
		t.Error("what was ended from here is news")
	}
	// Of a device that was removed every remote says that, unless there is something graver.
	for err, want := range map[error]tui.Trouble{nil: tui.TroubleRemoved, remote.ErrStranger: tui.TroubleRemoved, remote.ErrUnavailable: tui.TroubleOffline, journal.ErrGone: tui.TroubleGone} {
		if round, _ := roundOf(local.Remote{Name: "main"}, engine.Result{Err: err}, true); round.Trouble != want {
			t.Errorf("%v is %+v", err, round)
		}
	}
	// The gravest decides.
	round, _ := roundOf(local.Remote{Name: "main"}, engine.Result{Err: errors.Join(remote.ErrUnavailable, journal.ErrForged)}, false)
	if round.Trouble != tui.TroubleForged {
		t.Errorf("%+v", round)
	}
}

func TestCredentialsAreAskedForByAddressAndKeptOnlyInTheVault(t *testing.T) {
	x := shared(t)
	for address, want := range map[string]int{"folder:/x": 0, "https://host.example": 1, "s3://host.example/b": 3, "webdavs://host.example/x": 2} {
		if n, err := x.Remotes().Needs(address); err != nil || len(n) != want {
			t.Errorf("%s: %v %v", address, n, err)
		}
	}
	if _, err := x.Remotes().Needs("ftp://x"); err == nil {
		t.Error("ftp is an address")
	}
	key := secret.FromBytes([]byte("AKIA"))
	defer key.Destroy()
	_, err := x.Remotes().Add(t.Context(), tui.NewRemote{Name: "s", Address: "s3://127.0.0.1:1/b", Credentials: map[string]*secret.Bytes{"access-key": key}})
	if o, _, _ := explain(err); err == nil || o.code != "usage" {
		t.Errorf("without its secret key: %v", err)
	}
	if key.Len() != 4 {
		t.Error("the caller's credential is gone")
	}
}

// What a sync showed is known after the interface was left, as "remote list" knows it.
func TestWhatTheLastSyncShowedIsKept(t *testing.T) {
	x := shared(t)
	dir := x.folder(t)
	if _, err := x.Sync().Now(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "v1")); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "v1"), 0o700); err != nil {
		t.Fatal(err)
	}
	rounds, err := x.Sync().Now(t.Context(), func(int64) {})
	if err != nil || len(rounds) != 1 || rounds[0].Trouble != tui.TroubleGone {
		t.Fatalf("%+v %v", rounds, err)
	}
	again := newSharing(x.s)
	defer again.close()
	st, err := again.Sync().Standing(t.Context())
	if err != nil || st.Remotes[0].Trouble != tui.TroubleGone || st.Remotes[0].Synced.IsZero() {
		t.Errorf("%+v %v", st.Remotes, err)
	}
	for code, want := range map[string]tui.Trouble{"": tui.TroubleNone, "forged": tui.TroubleForged, "integrity": tui.TroubleOther} {
		if got := troubleOf(code); got != want {
			t.Errorf("%q is %v", code, got)
		}
	}
}
