package tui

import (
	"encoding/hex"
	"strings"

	"phivault/tui/widget"
)

// called is a device by its letter and name, given its id, whole: who wrote something is
// never told by a part of an id, which another's can have too. known is false, and the
// id itself given, where no device here has it.
func (st Standing) called(id string) (name string, known bool) {
	for _, x := range st.Devices {
		if x.ID != id {
			continue
		}
		if name := strings.TrimSpace(widget.Clean(x.Name)); name != "" && name != x.Letter {
			return x.Letter + " " + name, true
		}
		return x.Letter, true
	}
	return id, false
}

// called is a device as a screen has room for it: of one not known here how its id begins.
func (d *desk) called(id string) string {
	name, known := d.quiet.now.called(id)
	if !known {
		name = name[:min(8, len(name))]
	}
	return name
}

// called gives devices their letters and names where things are read out: of one not
// known here the id, whole.
func (t *talk) called() func(id string) string {
	var st Standing
	if s, ok := t.session.(Sharing); ok {
		st, _ = s.Sync().Standing(t.ctx) // else what is told is who, by its id
	}
	return func(id string) string {
		name, _ := st.called(id)
		return name
	}
}

// calledIn is called for the one device that a line names last, by its id.
func calledIn(line string, called func(id string) string) string {
	before, rest, ok := strings.Cut(line, byDevice)
	if !ok || len(rest) < idLength {
		return line
	}
	return before + byDevice + called(rest[:idLength]) + rest[idLength:]
}

// byDevice stands before a device's id.
const byDevice = " by device "

// idLength is that of the id of a device or a record, in letters.
const idLength = 2 * 16

func idText(id [16]byte) string { return hex.EncodeToString(id[:]) }
