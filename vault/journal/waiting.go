package journal

import (
	"slices"
	"strconv"

	"phivault/vault"
	"phivault/vault/journal/segment"
)

// Waiting is a run of segments of a log that others wait for.
type Waiting struct {
	Log      vault.LogID
	From, To uint64 // segments
	By       string // the letter of the device that cites them; "" for the invitation that told of them
	Beside   bool   // the segment is here, and what goes beside it is not
	Purge    bool   // the segment came without contents, and the purge that names them is not here
}

// Text says it: "E 6–7, cited by D". A log after a device's first has its number in
// it: "E.1 6".
func (w Waiting) Text(letter string) string {
	s := letter
	if w.Log.Number > 0 {
		s += "." + strconv.FormatUint(w.Log.Number, 10)
	}
	s += " " + strconv.FormatUint(w.From, 10)
	if w.To > w.From {
		s += "–" + strconv.FormatUint(w.To, 10)
	}
	switch {
	case w.Purge:
		return "the purge of what " + s + " lacks"
	case w.Beside:
		return "what goes beside " + s
	case w.By == "":
		return s + ", known to the device that invited this one"
	}
	return s + ", cited by " + w.By
}

// Waiting tells what has not arrived and something that is here waits for. It is in
// memory only: what waits is asked for again by each sync.
func (j *Journal) Waiting() (out []Waiting) {
	j.mu.Lock()
	defer j.mu.Unlock()
	ms := j.s.members(everything)
	add := func(w Waiting) {
		i := slices.IndexFunc(out, func(o Waiting) bool {
			return o.Log == w.Log && o.By == w.By && o.Beside == w.Beside && o.Purge == w.Purge
		})
		if i < 0 {
			out = append(out, w)
			return
		}
		out[i].From, out[i].To = min(out[i].From, w.From), max(out[i].To, w.To)
	}
	for _, log := range j.pending.ids() {
		m, _ := ms.find(log.Device)
		by, next := letter(m.order), j.s.next(log)
		for seq, h := range j.pending.logs[log] {
			switch {
			case len(h.waits) > 0:
				for _, p := range h.waits {
					add(Waiting{Log: p.Log, From: min(j.s.next(p.Log), p.Seq), To: p.Seq, By: by})
				}
			case seq > next && j.pending.logs[log][seq-1] == nil:
				add(Waiting{Log: log, From: next, To: seq - 1, By: by})
			case seq == next:
				add(Waiting{Log: log, From: seq, To: seq, By: by, Beside: true})
			}
		}
	}
	for _, p := range j.lacking {
		m, _ := ms.find(p.Log.Device)
		add(Waiting{Log: p.Log, From: p.Seq, To: p.Seq, By: letter(m.order), Purge: true})
	}
	for _, p := range j.s.Floors {
		add(Waiting{Log: p.Log, From: min(j.s.next(p.Log), p.Seq), To: p.Seq})
	}
	slices.SortFunc(out, func(a, b Waiting) int { return segment.CompareLogs(a.Log, b.Log) })
	return out
}

// Stability counts the segments that stand here, and those of them that every member
// has seen but those that are silent: a later entry of theirs could still come to
// lie before the others.
func (j *Journal) Stability(silent func(device [16]byte) bool) (stable, all uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	ms := j.s.members(everything)
	for log := range j.s.Logs {
		have := j.s.next(log)
		all += have
		for _, d := range ms.devices() {
			if d == log.Device || d == j.self || silent(d) {
				continue
			}
			have = min(have, j.acknowledged(d, log))
		}
		stable += have
	}
	return stable, all
}

// acknowledged is how many segments of a log a device says that it has applied.
func (j *Journal) acknowledged(d [16]byte, log vault.LogID) (n uint64) {
	for l, s := range j.s.Logs {
		if c, ok := s.Cites[log]; ok && l.Device == d {
			n = max(n, c.Seq+1)
		}
	}
	return n
}

// Arrived reports whether nothing more is waited for up to a segment of a log: it is
// here, or nobody asks for it any more.
func (j *Journal) Arrived(log vault.LogID, seq uint64) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.s.next(log) > seq || j.full(log) || j.closed(log)
}
