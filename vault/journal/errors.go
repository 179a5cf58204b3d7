package journal

import (
	"errors"
	"fmt"

	"phivault/vault"
)

// Errors that callers tell apart. Text names devices and places only.
var (
	// ErrForged is an object that opens with the vault's keys and is not what the
	// protocol allows.
	ErrForged = errors.New("forged")
	// ErrFork is two signed truths at one place.
	ErrFork = errors.New("two histories")
	// ErrGone is a remote that lost or replaced what was verified there before.
	ErrGone = errors.New("it lost or changed what was there, or was put back to an older state")
	// ErrUnreadable is an object that does not open: damaged, or not ours.
	ErrUnreadable = errors.New("an object at the remote does not open")
	// ErrRestored is a database older than what this device has published: a
	// restored copy. It may be read and must not publish.
	ErrRestored = errors.New("this copy is older than what this device has published")
	// ErrEnded is a device whose keys were ended, and not by itself: its database is a
	// copy from before, or somebody else has them. It may be read and signs nothing.
	ErrEnded = errors.New("this device's keys were replaced elsewhere")
	// ErrUnasked is an object that nobody asked for; it has no effect.
	ErrUnasked = errors.New("an object that was not asked for")
	// ErrNotMember is an act of a device that is no member, or no owner.
	ErrNotMember = errors.New("this device may not do that")
	// ErrWaiting is a sync that cannot go on before something else arrives.
	ErrWaiting = errors.New("waiting")
)

func at(err error, p vault.Place, why string) error {
	return fmt.Errorf("%w: device %x, log %d, segment %d: %s", err, p.Log.Device[:4], p.Log.Number, p.Seq, why)
}

// gone is ErrGone in words for whoever keeps the vault: the device by its letter.
func (j *Journal) gone(p vault.Place, what string) error {
	who, log := fmt.Sprintf("%x", p.Log.Device[:4]), ""
	if m, ok := j.s.members(everything).find(p.Log.Device); ok {
		who = letter(m.order)
	}
	if p.Log.Number > 0 {
		log = fmt.Sprintf("log %d, ", p.Log.Number)
	}
	return fmt.Errorf("%w (device %s, %ssegment %d %s)", ErrGone, who, log, p.Seq, what)
}
