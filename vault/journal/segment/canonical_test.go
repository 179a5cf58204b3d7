package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"phivault/vault"
)

// A segment has one encoding, and its fields their bounds. Each was seen to be taken with
// its comparison left out of the decoder; the short head then is out of range.
func TestNothingButTheOneEncodingIsTaken(t *testing.T) {
	const clock, flags = 2 + 32 + 16 + 8 + 8 + 32 + 16 + 16, 2 + 32 + 16 + 8 + 8 + 32 + 16 + 16 + 8
	d := device(t, 1)
	encoded := func(change func(*Segment)) []byte {
		s, _ := sample(t)
		change(s)
		s.Sign(d)
		return s.Encode()
	}
	at := func(change func(b []byte)) []byte {
		b := encoded(func(*Segment) {})
		change(b)
		return b
	}
	many := func(n int) []byte {
		return encoded(func(s *Segment) { s.Entries, s.Made = slices.Repeat([]vault.Header{{Kind: vault.KindAudit}}, n), nil })
	}
	for name, b := range map[string][]byte{
		"a clock past 9999":       at(func(b []byte) { binary.BigEndian.PutUint64(b[clock:], maxClock+1) }),
		"a clock before 1970":     at(func(b []byte) { binary.BigEndian.PutUint64(b[clock:], 1<<63) }),
		"another flag":            at(func(b []byte) { b[flags] |= 4 }),
		"the highest flag":        at(func(b []byte) { b[flags] |= 0x80 }),
		"heads doubled":           encoded(func(s *Segment) { s.Heads[1] = s.Heads[0] }),
		"heads out of order":      encoded(func(s *Segment) { s.Heads[0], s.Heads[1] = s.Heads[1], s.Heads[0] }),
		"parents doubled":         encoded(func(s *Segment) { s.Entries[0].Parents = []vault.RevisionID{{1}, {1}} }),
		"parents out of order":    encoded(func(s *Segment) { s.Entries[0].Parents = []vault.RevisionID{{2}, {1}} }),
		"too many entries":        many(MaxEntries + 1),
		"a byte behind":           append(encoded(func(*Segment) {}), 0),
		"more than a payload has": encoded(func(s *Segment) { s.Entries[0].Length = maxLength + 1 }),
	} {
		if s, err := Decode(b); !errors.Is(err, ErrFormat) || s != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, b := range map[string][]byte{
		"the last clock":  at(func(b []byte) { binary.BigEndian.PutUint64(b[clock:], maxClock) }),
		"not its last":    at(func(b []byte) { b[flags] = flagClocks }),
		"all the entries": many(MaxEntries),
		"all a payload":   encoded(func(s *Segment) { s.Entries[0].Length = maxLength }),
	} {
		if s, err := Decode(b); err != nil || !bytes.Equal(s.Encode(), b) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := FromLedger(vault.Segment{Head: make([]byte, 63)}); !errors.Is(err, ErrFormat) {
		t.Errorf("a head shorter than a signature: %v", err)
	}
}

// A signature is its device's, whose log the segment is of: a good one of somebody else
// is none. Seen to verify with Verify asking for the signature alone.
func TestASignatureIsOfTheLogsDevice(t *testing.T) {
	s, _ := sample(t)
	s.Sign(device(t, 2))
	if s.Verify(device(t, 2).Public()) || s.Verify(device(t, 1).Public()) {
		t.Error("another device's signature holds")
	}
}

// What is larger than travels inline is no body. Seen to be taken with the limit of
// objects in its place.
func TestABodyInlineHasItsLimit(t *testing.T) {
	s, bodies := sample(t)
	for n, want := range map[int]error{MaxInline: nil, MaxInline + 1: ErrFormat} {
		b := appendVar(nil, s.Encode())
		b = appendVar(appendVar(b, make([]byte, n)), bodies[1])
		if _, got, err := ParsePlaintext(b); !errors.Is(err, want) || err == nil && len(got[0]) != n {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
