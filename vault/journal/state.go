package journal

import (
	"bytes"
	"cmp"
	"encoding/gob"
	"fmt"
	"slices"

	"phivault/crypto/identity"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// state is a summary of all segments, quarantined ones too. It can be made again from them;
// what a crash left out is, when the journal is opened.
type state struct {
	Logs   map[vault.LogID]*logState
	Events []event
	Epochs map[segment.EpochID]*epochInfo
	Floors []vault.Place // that a joining device was told of and has not reached

	Taken   map[string][]takenSpot          // by remote: places whose names are taken there
	Blocked map[string]map[vault.LogID]bool // by remote: logs whose first name is taken there

	Deletions map[vault.LogID]Deletion // that wait for a confirmation

	InboxRead map[[16]byte]uint64            // by writer: the next object to ask for
	OldRead   map[[16]byte]uint64            // the same of the inbox of the device that this one was
	Inbox     []inboxItem                    // that this device has written
	InboxSent map[string]map[[16]byte]uint64 // by remote and recipient: the next to put
}

// logState is where a log stands.
type logState struct {
	Last  vault.Place
	Epoch segment.EpochID // of Last
	Next  segment.EpochID // of its successor
	Cites map[vault.LogID]vault.Place
	Done  bool // closed: nothing follows
	Alone bool // a replacement, and nothing else
}

// event is a change of membership, at its place.
type event struct {
	At      vault.Place
	Index   int // of its entry in the segment
	By      [16]byte
	Rank    int                    // of a name that an earlier build kept: how many it follows
	Past    map[vault.LogID]uint64 // of a name and a replacement: the last segments that its writer had seen
	Founder *identity.Public
	Admit   *segment.Admission
	Remove  *segment.Removal
	Name    *segment.Naming
	Copy    bool // Admit is a replacement's: of a copy of the device that signed it
}

// spot is a place without its hash.
type spot struct {
	Log vault.LogID
	Seq uint64
}

// takenSpot is a place whose name is taken at a remote, and the log whose first
// object carries it there; 0 while none does.
type takenSpot struct {
	Spot spot
	By   uint64
}

type epochInfo struct {
	ID, Parent segment.EpochID
	Depth      uint32
	At         vault.Place
	Recipients [][16]byte // ascending
}

func newState(genesis identity.Genesis, first segment.EpochID) *state {
	f := genesis.Founder
	return &state{
		Logs:      map[vault.LogID]*logState{},
		Events:    []event{{By: f.DeviceID(), Founder: &f}},
		Epochs:    map[segment.EpochID]*epochInfo{first: {ID: first, Recipients: [][16]byte{f.DeviceID()}}},
		InboxRead: map[[16]byte]uint64{},
		OldRead:   map[[16]byte]uint64{},
		InboxSent: map[string]map[[16]byte]uint64{},
	}
}

func (s *state) encode() ([]byte, error) {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(s)
	return b.Bytes(), err
}

func decodeState(b []byte) (*state, error) {
	s := new(state)
	if err := gob.NewDecoder(bytes.NewReader(b)).Decode(s); err != nil {
		return nil, fmt.Errorf("%w: the journal's state", vault.ErrIntegrity)
	}
	if s.Logs == nil {
		s.Logs = map[vault.LogID]*logState{}
	}
	if s.OldRead == nil {
		s.OldRead = map[[16]byte]uint64{}
	}
	if s.InboxRead == nil {
		s.InboxRead = map[[16]byte]uint64{}
	}
	if s.InboxSent == nil {
		s.InboxSent = map[string]map[[16]byte]uint64{}
	}
	return s, nil
}

// public gives the keys of a device that is or was a member.
func (s *state) public(device [16]byte) (identity.Public, bool) {
	for _, e := range s.Events {
		if e.Founder != nil && e.By == device {
			return *e.Founder, true
		}
		if e.Admit != nil && [16]byte(e.Admit.Public.DeviceID()) == device {
			return e.Admit.Public, true
		}
	}
	return identity.Public{}, false
}

// next is the segment of a log that comes after what was applied.
func (s *state) next(log vault.LogID) uint64 {
	if l := s.Logs[log]; l != nil {
		return l.Last.Seq + 1
	}
	return 0
}

// checked is a segment with the changes of membership and epochs that it makes.
type checked struct {
	seg     *segment.Segment
	events  []event
	mints   []segment.Mint
	purged  []vault.Content // that it removes
	deletes int64           // records live here that it deletes, where that is counted
	told    []vault.Place   // that it cites otherwise than they are here
}

// fold takes in a segment that was checked.
func (s *state) fold(c *checked) {
	l := s.Logs[c.seg.Place.Log]
	if l == nil {
		l = &logState{}
		s.Logs[c.seg.Place.Log] = l
	}
	if l.Cites == nil { // gob drops empty maps
		l.Cites = map[vault.LogID]vault.Place{}
	}
	l.Last, l.Epoch, l.Next = c.seg.Place, c.seg.Epoch, c.seg.Next
	l.Done, l.Alone = c.seg.Last, l.Alone || c.replaces()
	if p, ok := s.continued(c); ok {
		s.Logs[p.Log].Done = true
	}
	for _, h := range c.seg.Heads {
		l.Cites[h.Log] = h
	}
	s.Events = append(s.Events, c.events...)
	for _, m := range c.mints {
		s.Epochs[m.Epoch] = infoOf(m, c.seg.Place)
	}
	s.Floors = slices.DeleteFunc(s.Floors, func(p vault.Place) bool { return p.Log == c.seg.Place.Log && p.Seq <= c.seg.Place.Seq })
}

func infoOf(m segment.Mint, at vault.Place) *epochInfo {
	e := &epochInfo{ID: m.Epoch, Parent: m.Parent, Depth: m.Depth, At: at}
	for _, w := range m.Wraps {
		e.Recipients = append(e.Recipients, w.Device)
	}
	return e
}

// higher orders epochs by (depth, id).
func higher(a, b *epochInfo) int {
	return cmp.Or(cmp.Compare(a.Depth, b.Depth), bytes.Compare(a.ID[:], b.ID[:]))
}
