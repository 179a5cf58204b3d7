package oskeyring

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/zalando/go-keyring"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

// books is a library of which every call does the same.
type books struct {
	value string
	err   error
	wait  chan struct{}
}

func (b books) Get(string, string) (string, error) {
	if b.wait != nil {
		<-b.wait
	}
	return b.value, b.err
}
func (b books) Set(string, string, string) error { _, err := b.Get("", ""); return err }
func (b books) Delete(string, string) error      { _, err := b.Get("", ""); return err }

func each(k *Keyring, ctx context.Context, f func(string, error)) {
	_, err := k.Get(ctx, "a")
	f("get", err)
	f("set", k.Set(ctx, "a", "b"))
	f("delete", k.Delete(ctx, "a"))
}

func TestAPromptNobodyAnswersEnds(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/none")
	synctest.Test(t, func(t *testing.T) {
		stuck := books{wait: make(chan struct{})}
		defer close(stuck.wait)
		k := &Keyring{"phivault test", Limit, stuck}
		each(k, context.Background(), func(what string, err error) {
			if !errors.Is(err, ErrUnavailable) || errors.Is(err, local.ErrNoItem) {
				t.Errorf("%s: %v", what, err)
			}
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		each(k, ctx, func(what string, err error) {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v", what, err)
			}
		})
	})
}

func TestAnswersAreToldApart(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/none")
	each(&Keyring{"s", Limit, books{err: keyring.ErrNotFound}}, t.Context(), func(what string, err error) {
		if !errors.Is(err, local.ErrNoItem) || errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	})
	each(&Keyring{"s", Limit, books{err: errors.New("locked")}}, t.Context(), func(what string, err error) {
		if errors.Is(err, local.ErrNoItem) || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	})
	k := &Keyring{"s", Limit, books{value: "x"}}
	if got, err := k.Get(t.Context(), "a"); got != "x" || err != nil {
		t.Errorf("%q %v", got, err)
	}
	if err := k.Set(t.Context(), "a", strings.Repeat("x", local.MaxKeyringValue+1)); err == nil {
		t.Error("took what Windows could not hold")
	}
}

// realKeyring is the system's, of a throwaway session: the items it makes are
// real. PHIVAULT_TEST_KEYRING=1 says that there is one; it must answer then.
func realKeyring(t *testing.T) *Keyring {
	t.Helper()
	if os.Getenv("PHIVAULT_TEST_KEYRING") != "1" {
		t.Skip("PHIVAULT_TEST_KEYRING is not 1: no keyring to try")
	}
	return New("phivault test " + filepath.Base(t.TempDir()) + time.Now().Format(time.RFC3339Nano))
}

func TestRealKeyring(t *testing.T) {
	k, ctx := realKeyring(t), t.Context()
	if _, err := k.Get(ctx, "a"); !errors.Is(err, local.ErrNoItem) {
		t.Fatalf("nothing there: %v", err)
	}
	if err := k.Delete(ctx, "a"); !errors.Is(err, local.ErrNoItem) {
		t.Errorf("nothing to delete: %v", err)
	}
	for _, value := range []string{"one", "two\nlines\n", strings.Repeat("x", local.MaxKeyringValue)} {
		if err := k.Set(ctx, "a", value); err != nil {
			t.Fatal(err)
		}
		if got, err := k.Get(ctx, "a"); err != nil || strings.TrimSpace(got) != strings.TrimSpace(value) {
			t.Errorf("%q, want %q: %v", got, value, err)
		}
	}
	if err := k.Delete(ctx, "a"); err != nil {
		t.Error(err)
	}
	if _, err := k.Get(ctx, "a"); !errors.Is(err, local.ErrNoItem) {
		t.Error(err)
	}
}

func TestVaultWithTheRealKeyring(t *testing.T) {
	k, ctx := realKeyring(t), t.Context()
	keyfiletest.CheapFor(t)
	pass := secret.FromBytes([]byte("a passphrase"))
	defer pass.Destroy()
	dir := filepath.Join(t.TempDir(), "vault")
	var notices []local.NoticeKind
	o := local.Options{Keyring: k, StateDir: filepath.Join(t.TempDir(), "state"),
		Notice: func(n local.Notice) { notices = append(notices, n.Kind) }}
	v, err := local.Create(ctx, dir, pass, keyfile.DefaultParams(), o)
	if err != nil {
		t.Fatal(err)
	}
	code, confirm, err := v.BindKeyring(ctx, pass)
	if err != nil {
		t.Fatal(err)
	}
	if err := confirm(code); err != nil {
		t.Fatal(err)
	}
	if s, err := v.Status(ctx); err != nil || s.Anchor != "keyring" || !s.Key.NeedsDeviceSecret {
		t.Errorf("%+v %v", s, err)
	}
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(o.StateDir); err == nil {
		t.Error("the anchor is in a file")
	}
	without := o
	without.Keyring = nil
	if _, err := local.Open(ctx, dir, pass, without); !errors.Is(err, keyfile.ErrDeviceSecret) {
		t.Errorf("without the keyring: %v", err)
	}
	if v, err = local.Open(ctx, dir, pass, o); err != nil {
		t.Fatal(err)
	}
	if err := v.UnbindKeyring(ctx, pass); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if slices.Contains(notices, local.NoticeKeyring) || len(notices) != 0 {
		t.Errorf("notices %v", notices)
	}
	if v, err = local.Open(ctx, dir, pass, without); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(ctx); err != nil {
		t.Fatal(err)
	}
}
