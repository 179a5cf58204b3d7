package journal

import (
	"slices"

	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Limits of what waits in memory. What does not fit is left at the remote and
// asked for again.
const (
	maxHeld      = 4096
	maxHeldBytes = 64 << 20
	enoughHeld   = 8 << 20 // from here on no log is asked for further ahead
	lookAhead    = 16      // names of a log asked for at once, at most
)

// pending is what was verified to be its writer's and cannot be applied yet. All
// of it can be fetched again.
type pending struct {
	logs  map[vault.LogID]map[uint64]*held
	count int
	bytes int64
	need  map[remote.Name]need // objects that held segments cite
	apart map[vault.Hash]apart // payloads that came as objects of their own

	carried map[spot]*carried // segments that came in another's object, not opened yet
	mint    *minted           // an epoch in the log that is not cut yet
}

type held struct {
	seg    *segment.Segment
	bodies [][]byte
	size   int64
	from   string        // remote
	waits  []vault.Place // that must come first
}

// need is an object beside a segment: a payload, or an attachment.
type need struct {
	epoch  segment.EpochID
	header vault.Header
	blob   *blobNote // nil for a payload
}

type apart struct {
	body []byte
}

type minted struct {
	id      segment.EpochID
	payload vault.Hash
	info    *epochInfo
	after   []event // changes of membership in the same transaction
}

func newPending() pending {
	return pending{logs: map[vault.LogID]map[uint64]*held{}, need: map[remote.Name]need{}, apart: map[vault.Hash]apart{},
		carried: map[spot]*carried{}}
}

// hold takes a segment in; false when there is no room.
func (p *pending) hold(h *held) bool {
	log, seq := h.seg.Place.Log, h.seg.Place.Seq
	if p.logs[log][seq] != nil {
		return true
	}
	if p.count >= maxHeld || p.bytes+h.size > maxHeldBytes {
		return false
	}
	if p.logs[log] == nil {
		p.logs[log] = map[uint64]*held{}
	}
	p.logs[log][seq] = h
	p.count++
	p.bytes += h.size
	return true
}

func (p *pending) drop(log vault.LogID, seq uint64) {
	h := p.logs[log][seq]
	if h == nil {
		return
	}
	delete(p.logs[log], seq)
	if len(p.logs[log]) == 0 {
		delete(p.logs, log)
	}
	p.count--
	p.bytes -= h.size
	for _, e := range h.seg.Entries {
		if a, ok := p.apart[e.Payload]; ok {
			p.bytes -= int64(len(a.body))
			delete(p.apart, e.Payload)
		}
	}
}

// ids are the logs with something held, in one order on every device.
func (p *pending) ids() []vault.LogID {
	ids := make([]vault.LogID, 0, len(p.logs))
	for id := range p.logs {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, segment.CompareLogs)
	return ids
}
