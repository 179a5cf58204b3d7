package local

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/fhir"
)

var ctx = context.Background()

// The passphrase and the names in records are canaries: the sweep looks for them.
const (
	pass  = "canary-passphrase-quokka"
	other = "canary-passphrase-wombat"
)

func TestMain(m *testing.M) {
	keyfiletest.Cheap()
	if role := os.Getenv(roleEnv); role != "" {
		os.Exit(play(role))
	}
	os.Exit(m.Run())
}

func phrase(t testing.TB, s string) *secret.Bytes {
	t.Helper()
	b := secret.FromBytes([]byte(s))
	t.Cleanup(b.Destroy)
	return b
}

// world is a place for a vault, what it told, and a keyring if it has one.
type world struct {
	t    testing.TB
	dir  string
	o    Options
	ring *ring

	mu   sync.Mutex
	told []NoticeKind
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, dir: filepath.Join(t.TempDir(), "vault")}
	w.o = Options{
		StateDir: filepath.Join(t.TempDir(), "state"),
		Clock:    func() time.Time { return time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC) },
		Notice: func(n Notice) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.told = append(w.told, n.Kind)
		},
	}
	return w
}

func (w *world) withKeyring() *world {
	w.ring = newRing()
	w.o.Keyring = w.ring
	return w
}

// notices gives what was told since it was last asked.
func (w *world) notices() []NoticeKind {
	w.mu.Lock()
	defer w.mu.Unlock()
	told := w.told
	w.told = nil
	return told
}

func (w *world) create() *Vault {
	w.t.Helper()
	v, err := Create(ctx, w.dir, phrase(w.t, pass), keyfile.DefaultParams(), w.o)
	return w.started(v, err)
}

func (w *world) open() *Vault {
	w.t.Helper()
	v, err := Open(ctx, w.dir, phrase(w.t, pass), w.o)
	return w.started(v, err)
}

func (w *world) started(v *Vault, err error) *Vault {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = v.Close(ctx) })
	return v
}

func (w *world) close(v *Vault) {
	w.t.Helper()
	if err := v.Close(ctx); err != nil {
		w.t.Fatal(err)
	}
}

// fails opens the vault and wants the error.
func (w *world) fails(passphrase string, want error) error {
	w.t.Helper()
	v, err := Open(ctx, w.dir, phrase(w.t, passphrase), w.o)
	if v != nil {
		_ = v.Close(ctx)
	}
	if !errors.Is(err, want) {
		w.t.Fatalf("got %v, want %v", err, want)
	}
	if strings.Contains(err.Error(), "\n") {
		w.t.Errorf("an error of more than one line: %q", err)
	}
	return err
}

func addPatient(t testing.TB, v *vault.Vault, n int) {
	t.Helper()
	if err := tryAddPatient(v, n); err != nil {
		t.Fatal(err)
	}
}

func tryAddPatient(v *vault.Vault, n int) error {
	r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":"p%d","name":[{"family":"Canaryfamily","given":["Quoll%d"]}],"birthDate":"1970-01-01"}`, n, n), nil)
	if err != nil {
		return err
	}
	_, err = v.Add(ctx, vault.LocalSource, &r)
	return err
}

func wantPatients(t testing.TB, v *Vault, want int64) {
	t.Helper()
	c, err := v.Counts(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if c.Patients != want {
		t.Errorf("%d patients, want %d", c.Patients, want)
	}
}

func wantClean(t testing.TB, v *Vault) {
	t.Helper()
	if _, err := v.Verify(ctx, false, func(p vault.Problem) { t.Errorf("problem %v", p) }, nil); err != nil {
		t.Fatal(err)
	}
}

// files gives the names in a folder, sorted, without temporary noise filtered.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// folder is a copy of a folder's content, to be put back later.
type folder map[string][]byte

func copyFolder(t testing.TB, dir string) folder {
	t.Helper()
	f := folder{}
	for _, name := range files(t, dir) {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		f[name] = b
	}
	return f
}

func (f folder) put(t testing.TB, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, b := range f {
		writeFile(t, filepath.Join(dir, name), b)
	}
}

// change gives a copy in which one file differs; nil removes it.
func (f folder) change(name string, b []byte) folder {
	c := maps.Clone(f)
	if b == nil {
		delete(c, name)
	} else {
		c[name] = b
	}
	return c
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// flipped gives b with one bit of byte i changed.
func flipped(b []byte, i int) []byte {
	c := slices.Clone(b)
	c[i] ^= 0x10
	return c
}

// ring is a keyring in memory.
type ring struct {
	mu    sync.Mutex
	items map[string]string
	fail  error                     // given by every call
	twist func(value string) string // what Get gives instead
	calls int
	sets  []string // every value that was kept
}

func newRing() *ring { return &ring{items: map[string]string{}} }

// breaks makes every call give err, nil for none.
func (r *ring) breaks(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

func (r *ring) Get(_ context.Context, name string) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.fail != nil {
		return "", r.fail
	}
	v, ok := r.items[name]
	if !ok {
		return "", ErrNoItem
	}
	if r.twist != nil {
		v = r.twist(v)
	}
	return v, nil
}

func (r *ring) Set(_ context.Context, name, value string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.fail != nil {
		return r.fail
	}
	if len(value) > MaxKeyringValue {
		return errors.New("too long for Windows")
	}
	r.items[name] = value
	r.sets = append(r.sets, value)
	return nil
}

func (r *ring) Delete(_ context.Context, name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.fail != nil {
		return r.fail
	}
	if _, ok := r.items[name]; !ok {
		return ErrNoItem
	}
	delete(r.items, name)
	return nil
}

func (r *ring) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.items))
}

var _ Keyring = (*ring)(nil)
