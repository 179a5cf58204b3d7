package segment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	"phivault/vault"
)

func run(entries int, ms int64) vault.Run {
	return vault.Run{Entries: entries, At: time.UnixMilli(ms).UTC()}
}

// unclocked are runs that two entries do not have.
func unclocked() map[string][]vault.Run {
	return map[string][]vault.Run{
		"of too few entries":        {run(1, 1)},
		"of too many entries":       {run(2, 1), run(1, 2)},
		"one of no entries":         {run(0, 1), run(2, 2)},
		"the last of no entries":    {run(2, 1), run(0, 2)},
		"two with one clock":        {run(1, 1), run(1, 1)},
		"more than fit in the sum":  {run(0xffff, 1), run(3, 2)},
		"more than there can be":    slices.Repeat([]vault.Run{run(1, 1), run(1, 2)}, MaxEntries),
		"two at the end of it all":  {run(1, maxClock), run(1, maxClock+1)},
		"two before the beginning":  {run(1, -5), run(1, -4)},
		"as many runs as there are": slices.Repeat([]vault.Run{run(1, 1), run(1, 2)}, 0x7fff),
	}
}

// Clocks have one encoding, are of all entries and of none besides. Seen to be taken
// with the comparison left out of the decoder: the sum of the runs, their number of
// entries, and that two beside each other differ.
func TestClocksHaveOneEncoding(t *testing.T) {
	d := device(t, 1)
	for name, made := range unclocked() {
		s, _ := sample(t)
		s.Made = made
		s.Sign(d)
		if got, err := Decode(s.Encode()); !errors.Is(err, ErrFormat) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, _ := sample(t)
	s.Made = nil
	s.Sign(d)
	const flags = 2 + 32 + 16 + 8 + 8 + 32 + 16 + 16 + 8
	at := len(s.prefix())
	for name, clocks := range map[string][]byte{"no runs": {0, 0}, "nothing": nil, "a run cut short": {0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0},
		"a clock past 9999": append([]byte{0, 1, 0, 2}, binary.BigEndian.AppendUint64(nil, maxClock+1)...)} {
		b := s.Encode()
		b = slices.Concat(b[:at], clocks, b[at:])
		b[flags] |= flagClocks
		if got, err := Decode(b); !errors.Is(err, ErrFormat) || got != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := s.Encode()
	b = slices.Concat(b[:at], append([]byte{0, 1, 0, 2}, binary.BigEndian.AppendUint64(nil, maxClock)...), b[at:])
	if _, err := Decode(b); !errors.Is(err, ErrFormat) {
		t.Errorf("clocks without the flag: %v", err)
	}
	b[flags] |= flagClocks
	if got, err := Decode(b); err != nil || !bytes.Equal(got.Encode(), b) || got.Made[0].Entries != 2 || got.Verify(d.Public()) {
		t.Errorf("%v", err)
	}
	s.Entries, s.Made = nil, nil
	empty := s.Encode()
	empty = slices.Concat(empty[:at], []byte{0, 0}, empty[at:])
	empty[flags] |= flagClocks
	if _, err := Decode(empty); !errors.Is(err, ErrFormat) {
		t.Errorf("clocks of nothing: %v", err)
	}
}

// What transactions say, absurd times too, is joined to what a segment can say.
func TestRunsAreJoinedAsTheyTravel(t *testing.T) {
	s, _ := sample(t)
	s.Entries = slices.Repeat(s.Entries[1:], 11)
	s.Made = Runs([]vault.Run{run(1, -9), run(2, -3), run(1, 0), {Entries: 1, At: time.UnixMilli(7).Add(time.Microsecond)}, run(1, 7), run(0, 8), run(1, 7), run(1, 3),
		run(1, maxClock), run(2, maxClock+9)})
	s.Sign(device(t, 1))
	got, err := Decode(s.Encode())
	want := []vault.Run{run(4, 0), run(3, 7), run(1, 3), run(3, maxClock)}
	if err != nil || !slices.Equal(got.Made, want) || !got.Verify(device(t, 1).Public()) {
		t.Errorf("%v, %v", got, err)
	}
	if got := Runs(nil); got != nil {
		t.Errorf("of nothing: %v", got)
	}
}

// A run costs what is said of it.
func TestARunsSize(t *testing.T) {
	s, _ := sample(t)
	two := len(s.Encode())
	s.Made = s.Made[:1]
	if n := two - len(s.Encode()); n != vault.RunSize {
		t.Errorf("%d bytes", n)
	}
}

// The runs lie where the specification says, as it says.
func TestClocksAreWhereTheyAreSpecified(t *testing.T) {
	s, _ := sample(t)
	const fixed = 1 + 1 + 32 + 16 + 8 + 8 + 32 + 16 + 16 + 8
	b := s.Encode()[fixed:]
	if b[0] != 3 {
		t.Errorf("flags %x", b[0])
	}
	want := []byte{0, 2, 0, 1, 0, 0, 1, 0x89, 0x7b, 0xd9, 0x85, 0xc8, 0, 1, 0, 0, 1, 0x89, 0x7b, 0xd9, 0x8a, 0xfd, 0, 0, 0, 2}
	if got := b[1+2+2*(16+8+8+32):][:len(want)]; !bytes.Equal(got, want) {
		t.Errorf("%x, not %x", got, want)
	}
}

// Seen to fail with runs of other lengths or clocks taken, with what was only sent taken for
// what was made, and with the segment's clock not compared.
func TestWhatALedgerSaysIsAsSigned(t *testing.T) {
	s, _ := sample(t) // of two runs
	head, one, two := s.Head(), s.Made[0], s.Made[1]
	s.Made = nil
	old := s.Head()
	other := run(2, s.Clock.UnixMilli()+1)
	split := vault.Run{Entries: 1, At: s.Clock}
	for name, c := range map[string]struct {
		head []byte
		made []vault.Run
		sent []bool
		want bool
	}{
		"the same":                      {head, []vault.Run{one, two}, []bool{false, false}, true},
		"within a millisecond":          {head, []vault.Run{{Entries: 1, At: one.At.Add(time.Microsecond)}, two}, []bool{false, false}, true},
		"another time":                  {head, []vault.Run{one, {Entries: 1, At: two.At.Add(time.Millisecond)}}, []bool{false, false}, false},
		"other runs":                    {head, []vault.Run{{Entries: 2, At: one.At}, two}, []bool{false, false}, false},
		"fewer":                         {head, []vault.Run{one}, []bool{false}, false},
		"sent":                          {head, []vault.Run{one, two}, []bool{false, true}, false},
		"nothing said, and sent":        {old, []vault.Run{split, split}, []bool{true, true}, true},
		"nothing said, and known":       {old, []vault.Run{other}, []bool{false}, true},
		"nothing said, sent some other": {old, []vault.Run{other}, []bool{true}, false},
		"no head":                       {nil, []vault.Run{one, two}, []bool{false, false}, false},
		"half a head":                   {head[1:], []vault.Run{one, two}, []bool{false, false}, false},
	} {
		if AsSigned(vault.TimedSegment{Head: c.head, Made: c.made, Sent: c.sent}) != c.want {
			t.Errorf("%s: it is %v", name, !c.want)
		}
	}
}
