package segment

import (
	"encoding/binary"
	"slices"
	"time"

	"phivault/crypto/identity"
	"phivault/vault"
)

// The clocks of a segment say when its entries were made, in runs: count of runs u16 ·
// for each: entries u16 ‖ clock u64. Two runs beside each other have different clocks,
// so that there is one encoding.

// Runs joins the runs that have one clock on the wire, as a segment has them.
func Runs(made []vault.Run) (runs []vault.Run) {
	for _, r := range made {
		if n := len(runs); n > 0 && wireClock(runs[n-1].At) == wireClock(r.At) {
			runs[n-1].Entries += r.Entries
		} else if r.Entries > 0 {
			runs = append(runs, r)
		}
	}
	return runs
}

// wireClock is a time as it travels: Unix milliseconds within what is allowed.
func wireClock(t time.Time) uint64 { return uint64(min(max(t.UnixMilli(), 0), maxClock)) }

func readClock(ms uint64) time.Time { return time.UnixMilli(int64(ms)).UTC() }

func appendClocks(b []byte, runs []vault.Run) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(runs)))
	for _, r := range runs {
		b = binary.BigEndian.AppendUint16(b, uint16(r.Entries))
		b = binary.BigEndian.AppendUint64(b, wireClock(r.At))
	}
	return b
}

func decodeClocks(r *reader) []vault.Run {
	n := r.u16()
	if n == 0 || !r.room(n, vault.RunSize) {
		r.bad = true
		return nil
	}
	runs := make([]vault.Run, n)
	for i := range runs {
		entries, clock := r.u16(), r.u64()
		if entries == 0 || clock > maxClock || i > 0 && wireClock(runs[i-1].At) == clock {
			r.bad = true
			return nil
		}
		runs[i] = vault.Run{Entries: entries, At: readClock(clock)}
	}
	return runs
}

// covers reports whether the runs are of so many entries, no more and no fewer.
func covers(runs []vault.Run, entries uint32) bool {
	sum := uint64(0)
	for _, r := range runs {
		sum += uint64(r.Entries)
	}
	return sum == uint64(entries)
}

// AsSigned reports whether what a ledger knows of when a segment's entries were made is
// what was signed. Of its own a device knows more than a segment without clocks says.
func AsSigned(t vault.TimedSegment) bool {
	if len(t.Head) < identity.SignatureSize || len(t.Made) != len(t.Sent) {
		return false
	}
	s := new(Segment)
	r := &reader{b: t.Head[:len(t.Head)-identity.SignatureSize]}
	if s.decodePrefix(r); r.end() != nil {
		return false
	}
	if len(s.Made) > 0 {
		return !slices.Contains(t.Sent, true) && slices.EqualFunc(s.Made, Runs(t.Made), func(a, b vault.Run) bool {
			return a.Entries == b.Entries && wireClock(a.At) == wireClock(b.At)
		})
	}
	for i, sent := range t.Sent {
		if sent && wireClock(t.Made[i].At) != wireClock(s.Clock) {
			return false
		}
	}
	return true
}
