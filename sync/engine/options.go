package engine

import (
	"errors"
	"time"

	"phivault/sync/remote"
)

// Target is a remote under the name that the journal knows it by. The remote
// stays the caller's; retries are its own (package retry).
type Target struct {
	Name   string
	Remote remote.Remote
}

// Options may be zero.
type Options struct {
	// Parallel bounds the calls to one remote at a time; default 8.
	Parallel int
	// Progress, if set, is called whenever something moved, by one goroutine at a
	// time, while the sync waits: it should return at once.
	Progress func(Progress)
	// Harmless tells which errors of the journal about an object leave the rest of
	// the sync as it is. After any other nothing is put to the remote that caused
	// it. nil: none is harmless.
	Harmless func(error) bool

	put func(remote.Name) // told of each object before it is put
}

// Progress is how far the sync with one remote is.
type Progress struct {
	Remote   string
	Pushed   Moved
	Pulled   Moved
	Requests int
}

// Moved is what went over the wire so far: whole objects, and bytes including
// those of objects on their way and of attempts that were repeated.
type Moved struct {
	Objects int
	Bytes   int64
}

// Report has one result for each target, in their order.
type Report struct{ Remotes []Result }

// Moved reports whether anything new was put or found.
func (r Report) Moved() bool {
	for _, s := range r.Remotes {
		if s.Moved {
			return true
		}
	}
	return false
}

// Result is what a sync did with one remote.
type Result struct {
	Remote string
	// Pushed is what the remote took. Pulled is what was got from it, objects that
	// were asked for again included.
	Pushed, Pulled Traffic
	// Requests counts Put and Get; what package retry repeats counts once.
	Requests int
	// Moved: something was put, or applied. Where the journal is no Teller: or an
	// answer led to asking for more.
	Moved bool
	Took  time.Duration
	// Harmless are errors about single objects that kept nothing else back.
	Harmless []error
	// Err is nil when everything was asked, answered, verified and put. It wraps the
	// errors of the journal and of the remote, the journal's first, some left out
	// when there are very many.
	Err error
}

// Traffic is what went one way. Bytes are those of whole objects.
type Traffic struct {
	Objects int
	Bytes   int64
	Tally
}

// Tally is what only a journal knows of the objects. It is zero for a journal
// that is no Teller.
type Tally struct{ Segments, Entries int }

// Teller is the companion of a journal that counts: what the present sync with a
// remote, or the last one, put there, and what it applied from there.
type Teller interface {
	Tally(remote string) (pushed, pulled Tally)
}

// ErrContradiction is a remote that says that an object exists and has none.
var ErrContradiction = errors.New("the remote has an object there and does not give it")

const (
	// whole is the size in bytes up to which an object is read before the journal
	// sees it. Larger ones are given to it as they come.
	whole = 4 << 20
	// attempts is how often an object is asked for whose body breaks off.
	attempts = 3
	// mostVerdicts ends a pull: whoever has shown that many bad objects will go on.
	mostVerdicts = 64
	// mostErrors is how many errors of a kind are kept.
	mostErrors = 8
	// step is the number of bytes after which progress is told.
	step = 256 << 10
)
