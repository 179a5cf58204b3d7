// Package remotetest holds every remote and every decorator to the contract of
// sync/remote: Run for the contract, Faulty for a remote behind one that fails,
// Transport for what a hostile server may try on those that speak HTTP.
//
// It gives no promise beyond a test run, and is imported by tests only.
package remotetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"

	"go.uber.org/goleak"

	"phivault/sync/remote"
)

// Options say what is particular about a remote under test.
type Options struct {
	// Open gives a remote over an empty store, or over one whose names are still
	// free. The suite closes it.
	Open func(t *testing.T) remote.Remote
	// Buffers says that the store behind keeps whole bodies in this process, so
	// that memory cannot be measured here.
	Buffers bool
	// Watches, Lists, Deletes: the companion must work, not only be allowed to.
	Watches, Lists, Deletes bool
	// Leaky are functions of the store behind that outlive its Close.
	Leaky []goleak.Option
}

// Run runs the whole contract.
func Run(t *testing.T, o Options) {
	tests := []struct {
		name string
		run  func(*testing.T, Options, remote.Remote)
	}{
		{"what was put is what is got", roundTrip},
		{"what is absent is not found", absent},
		{"a second put changes nothing", createOnly},
		{"racing writers leave one whole object", racing},
		{"lying sizes are refused and leave nothing", lyingSizes},
		{"a failing reader leaves nothing", failingReader},
		{"a cancelled put leaves nothing", cancelled},
		{"a partial body is never visible", partial},
		{"the zero name is refused", zeroName},
		{"calls at once do not disturb each other", concurrent},
		{"big bodies pass in little memory", big},
		{"companions do what they say", companions},
		{"close may come twice", closeTwice},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := goleak.IgnoreCurrent()
			r := o.Open(t)
			tt.run(t, o, r)
			if err := r.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			t.Cleanup(func() { goleak.VerifyNone(t, append(o.Leaky, before)...) })
		})
	}
}

// Name gives a fresh name in the space of vault 7.
func Name() remote.Name {
	var id [32]byte
	rand.Read(id[:])
	return Space().Name(id)
}

// Space is the space of Name.
func Space() remote.Space { return remote.VaultSpace([10]byte{7}) }

// Bytes gives size unpredictable bytes.
func Bytes(size int) []byte {
	b := make([]byte, size)
	rand.Read(b)
	return b
}

// Put puts b and fails the test if that fails.
func Put(t testing.TB, r remote.Remote, n remote.Name, b []byte) {
	t.Helper()
	if err := r.Put(t.Context(), n, bytes.NewReader(b), int64(len(b))); err != nil {
		t.Fatal(err)
	}
}

// Get reads a whole object.
func Get(ctx context.Context, r remote.Remote, n remote.Name) ([]byte, error) {
	body, size, err := r.Get(ctx, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(body)
	if err == nil && int64(len(b)) != size {
		return nil, errors.New("the body is not as long as announced")
	}
	return b, err
}

// wantHolds checks that n holds b.
func wantHolds(t *testing.T, r remote.Remote, n remote.Name, b []byte) {
	t.Helper()
	got, err := Get(t.Context(), r, n)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	if !bytes.Equal(got, b) {
		t.Fatalf("got %d bytes that are not the %d put", len(got), len(b))
	}
}

// wantAbsent checks that n is free: not found, and open to a put.
func wantAbsent(t *testing.T, r remote.Remote, n remote.Name) {
	t.Helper()
	if _, err := Get(t.Context(), r, n); !errors.Is(err, remote.ErrNotFound) {
		t.Fatalf("something is visible: %v", err)
	}
	b := Bytes(99)
	Put(t, r, n, b)
	wantHolds(t, r, n, b)
}

func want(t *testing.T, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("got %v, want %v", err, kind)
	}
}
