// Package oskeyring keeps small values in the operating system's keyring: the
// Secret Service on Linux and BSD, Keychain on macOS, Credential Manager on
// Windows.
//
// It promises that every call ends within a time limit, although a keyring may
// show a prompt that nobody answers, and that no answer (no bus, locked, timed
// out) is never mistaken for "not there".
//
// It never starts a message bus and never falls back to a file.
package oskeyring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zalando/go-keyring"

	"phivault/vault/local"
)

// ErrUnavailable is a keyring that gives no answer.
var ErrUnavailable = errors.New("no keyring answers")

// Limit is how long one call may take: long enough for someone at the screen to
// unlock the keyring, short enough for a job in the night. A context can make it
// shorter.
const Limit = time.Minute

// Keyring is the operating system's keyring under one service name. Make it with
// New.
type Keyring struct {
	service string
	limit   time.Duration
	lib     library
}

// library is what is used of go-keyring.
type library interface {
	Get(service, user string) (string, error)
	Set(service, user, password string) error
	Delete(service, user string) error
}

type system struct{}

func (system) Get(service, user string) (string, error) { return keyring.Get(service, user) }
func (system) Set(service, user, password string) error { return keyring.Set(service, user, password) }
func (system) Delete(service, user string) error        { return keyring.Delete(service, user) }

var (
	_ local.Keyring = (*Keyring)(nil)
	_ library       = system{}
)

// New gives the keyring's items that belong to service. It contacts nobody yet.
func New(service string) *Keyring { return &Keyring{service, Limit, system{}} }

// Get implements local.Keyring.
func (k *Keyring) Get(ctx context.Context, name string) (string, error) {
	return k.call(ctx, func() (string, error) { return k.lib.Get(k.service, name) })
}

// Set implements local.Keyring. A value over local.MaxKeyringValue is refused on
// every platform, so that what works on one works on all.
func (k *Keyring) Set(ctx context.Context, name, value string) error {
	if len(value) > local.MaxKeyringValue {
		return fmt.Errorf("a keyring item of %d bytes, at most %d are kept everywhere", len(value), local.MaxKeyringValue)
	}
	_, err := k.call(ctx, func() (string, error) { return "", k.lib.Set(k.service, name, value) })
	return err
}

// Delete implements local.Keyring.
func (k *Keyring) Delete(ctx context.Context, name string) error {
	_, err := k.call(ctx, func() (string, error) { return "", k.lib.Delete(k.service, name) })
	return err
}

// call runs f beside itself: the library takes no context, so a call that
// outlives its time is left to end alone.
func (k *Keyring) call(ctx context.Context, f func() (string, error)) (string, error) {
	if err := reachable(); err != nil {
		return "", fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	type answer struct {
		value string
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		value, err := f()
		done <- answer{value, err}
	}()
	limit := time.NewTimer(k.limit)
	defer limit.Stop()
	select {
	case a := <-done:
		switch {
		case a.err == nil:
			return a.value, nil
		case errors.Is(a.err, keyring.ErrNotFound):
			return "", local.ErrNoItem
		}
		// The library's texts name services and paths, never values.
		return "", fmt.Errorf("%w: %w", ErrUnavailable, a.err)
	case <-limit.C:
		return "", fmt.Errorf("%w: no answer within %v", ErrUnavailable, k.limit)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
