// Package remote says what a place for ciphertext is: a store of immutable
// objects under names that mean nothing to it.
//
// A store is trusted with nothing. It may lose, keep, swap, delay, invent and
// replay what it holds; callers find out by opening objects, never by believing
// the store. Correctness therefore rests on very little:
//
//   - a Put that returned nil left these bytes under this name, as far as the
//     store is honest, and a Get after it finds them;
//   - what a Get delivers up to io.EOF is as long as it announced;
//   - a body is visible whole or not at all;
//   - a second Put of a name changes nothing that is there.
//
// It never rests on listing, on the order of a listing, on clocks, ETags or
// compare-and-swap, nor on one winner among racing writers: each name has one
// writer, and Strength tells where a store can promise more.
//
// The package and everything below it know nothing of keys and plaintext. They
// never put a credential into a URL, an error or a log, never follow a redirect
// and never speak anything below TLS 1.3.
package remote

import (
	"context"
	"errors"
	"io"
	"iter"
)

// MaxObject is the largest object in bytes: 2 GiB of attachment, the worst
// rounding of Padmé at that size (64 MiB), chunk overhead and header. Segments
// (1 MiB) and packs (8 MiB) lie far below it; a caller that expects one of those
// looks at the size that Get announces before it reads.
const MaxObject int64 = 2<<30 + 128<<20

// Remote keeps immutable objects. It is safe for concurrent use. Cancelling the
// context ends a call soon, with an error that wraps the context's.
type Remote interface {
	// Put stores exactly size bytes of r under n, if n is free. ErrExists says that
	// something is there already, which after a broken connection may well be this
	// very object: get it and look. ErrSize says that r was shorter or longer than
	// size. With any error nothing new is visible under n, except that a connection
	// which broke at the end leaves that open. Put does not close r; a remote that
	// repeats itself needs r to be an io.Seeker.
	Put(ctx context.Context, n Name, r io.Reader, size int64) error
	// Get opens the object and announces its length, at least 1. The body gives
	// exactly that many bytes and io.EOF, or an error. The caller closes it; the
	// context governs the body as well.
	Get(ctx context.Context, n Name) (io.ReadCloser, int64, error)
	// Close gives up connections. It may be called twice.
	Close() error
}

// Entry is one line of a listing. The size is the store's claim.
type Entry struct {
	Name Name
	Size int64
}

// Lister is the companion of a store that can enumerate a space, in any order. A
// listing may be incomplete, repeat itself, name what is not there and never
// end: set a limit and a deadline. Foreign names are left out. The zero Space
// stands for all spaces where the store allows that.
type Lister interface {
	List(ctx context.Context, s Space) iter.Seq2[Entry, error]
}

// Deleter is the companion of a store that can remove an object. Removing what
// is absent is no error.
type Deleter interface {
	Delete(ctx context.Context, n Name) error
}

// Watcher is the companion of a store that tells of new objects as they come.
// The sequence ends with the context's error or another; the zero Name means
// "look again, something may have been missed" and comes first. Both are hints:
// a store may tell nothing, everything or falsehoods.
type Watcher interface {
	Watch(ctx context.Context, s Space) iter.Seq2[Name, error]
}

// Strength is what a store promises about writers that race for one name.
type Strength uint8

const (
	// Weak stores may let several of them win, one after the other.
	Weak Strength = iota
	// Exclusive stores let one win and tell the others ErrExists.
	Exclusive
)

func (s Strength) String() string {
	if s == Exclusive {
		return "exclusive"
	}
	return "weak"
}

// Declarer is the companion of a store that knows its Strength.
type Declarer interface {
	Strength() Strength
}

// StrengthOf asks r; a store that says nothing is Weak.
func StrengthOf(r Remote) Strength {
	if d, ok := r.(Declarer); ok {
		return d.Strength()
	}
	return Weak
}

// List lists through r's companion, or yields ErrUnsupported.
func List(ctx context.Context, r Remote, s Space) iter.Seq2[Entry, error] {
	if l, ok := r.(Lister); ok {
		return l.List(ctx, s)
	}
	return func(yield func(Entry, error) bool) { yield(Entry{}, Fail("list", Name{}, ErrUnsupported, "")) }
}

// Delete removes through r's companion, or says ErrUnsupported.
func Delete(ctx context.Context, r Remote, n Name) error {
	if d, ok := r.(Deleter); ok {
		return d.Delete(ctx, n)
	}
	return Fail("delete", n, ErrUnsupported, "")
}

// Watch watches through r's companion, or yields ErrUnsupported.
func Watch(ctx context.Context, r Remote, s Space) iter.Seq2[Name, error] {
	if w, ok := r.(Watcher); ok {
		return w.Watch(ctx, s)
	}
	return func(yield func(Name, error) bool) { yield(Name{}, Fail("watch", Name{}, ErrUnsupported, "")) }
}

// Retryable reports whether the same call may succeed later unchanged.
func Retryable(err error) bool {
	return errors.Is(err, ErrUnavailable) && !errors.Is(err, ErrRefused) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
}
