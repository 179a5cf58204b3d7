package enginetest

import (
	"bytes"
	"context"
	"io"
	"iter"

	"phivault/sync/engine"
	"phivault/sync/remote"
)

// Outgoing is engine.Journal's: each segment after the attachments that it cites.
// Segments that another remote has already, attachments and packs may go in any
// order.
func (j *Journal) Outgoing(ctx context.Context, name string) iter.Seq2[engine.Envelope, error] {
	return func(yield func(engine.Envelope, error) bool) {
		if err := j.enter(ctx, "outgoing"); err != nil {
			yield(engine.Envelope{}, err)
			return
		}
		j.mu.Lock()
		se := j.session(name)
		refused := se.refused
		j.cut()
		var todo []ask
		if refused == nil {
			todo = j.lacking(name)
		}
		j.mu.Unlock()
		if refused != nil {
			yield(engine.Envelope{}, refused)
			return
		}
		var before []remote.Name
		for _, a := range todo {
			e := j.envelope(a)
			if !e.Unordered {
				e.Open = j.ordered(name, se, before, e.Open)
				before = nil
			}
			before = append(before, e.Name)
			j.mu.Lock()
			se.asks[e.Name] = a
			delete(se.missing, e.Name)
			j.mu.Unlock()
			if !yield(e, nil) {
				return
			}
		}
	}
}

// ordered watches that an envelope is opened when those before it are there.
func (j *Journal) ordered(name string, se *session, before []remote.Name, open func() (io.ReadCloser, error)) func() (io.ReadCloser, error) {
	return func() (io.ReadCloser, error) {
		j.mu.Lock()
		defer j.mu.Unlock()
		for _, n := range before {
			if !j.there(name, n, se.asks[n]) {
				j.breach("an object was put before %s was there", n)
			}
		}
		return open()
	}
}

func (j *Journal) lacking(name string) (todo []ask) {
	for d, l := range j.logs {
		for seq := j.marks[name][d]; seq < len(l.applied); seq++ {
			s := l.applied[seq]
			for _, b := range s.Blobs {
				if !j.boxed[name][j.v.Space().Name(b.Name).String()] {
					todo = append(todo, ask{kind: "put", device: d, seq: -1, blob: b})
				}
			}
			todo = append(todo, ask{kind: "put", device: d, seq: seq, entries: len(s.Entries)})
		}
		if d != j.self || !j.v.Packs {
			continue
		}
		for first := 0; first+packOf <= len(l.applied); first += packOf {
			if !j.boxed[name][j.v.PackName(d, first).String()] {
				todo = append(todo, ask{kind: "put", device: d, seq: -1 - first})
			}
		}
	}
	return todo
}

func (j *Journal) envelope(a ask) engine.Envelope {
	if a.blob.Size > 0 {
		return engine.Envelope{Name: j.v.Space().Name(a.blob.Name), Size: int64(a.blob.Size), Unordered: true,
			Open: func() (io.ReadCloser, error) {
				return io.NopCloser(io.LimitReader(zeros{}, int64(a.blob.Size))), nil
			}}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.logs[a.device]
	var n remote.Name
	var object []byte
	alone := a.seq < 0 || j.elsewhere(a) && len(l.applied[a.seq].Blobs) == 0
	if a.seq < 0 {
		n = j.v.PackName(a.device, -1-a.seq)
		object = j.v.Seal(n, l.applied[-1-a.seq:-1-a.seq+packOf])
	} else {
		n = j.v.SegmentName(a.device, a.seq)
		object = j.v.Seal(n, l.applied[a.seq])
	}
	return engine.Envelope{Name: n, Size: int64(len(object)), Unordered: alone,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(object)), nil }}
}

// elsewhere reports whether any remote is known to have a segment.
func (j *Journal) elsewhere(a ask) bool {
	for _, m := range j.marks {
		if m[a.device] > a.seq {
			return true
		}
	}
	return false
}

// Sent is engine.Journal's.
func (j *Journal) Sent(ctx context.Context, name string, n remote.Name) error {
	if err := j.enter(ctx, "sent"); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	se := j.session(name)
	a, asked := se.asks[n]
	if !asked || a.kind != "put" {
		j.breach("sent %s, which was not outgoing", n)
		return nil
	}
	se.pushed.Entries += a.entries
	if a.seq >= 0 {
		se.pushed.Segments++
	}
	j.arrived(name, a)
	return nil
}

// arrived notes that a remote has an outgoing object.
func (j *Journal) arrived(name string, a ask) {
	switch {
	case a.blob.Size > 0:
		j.boxed[name][j.v.Space().Name(a.blob.Name).String()] = true
	case a.seq < 0:
		j.boxed[name][j.v.PackName(a.device, -1-a.seq).String()] = true
	default:
		j.mark(name, a.device, a.seq)
	}
}

func (j *Journal) there(name string, n remote.Name, a ask) bool {
	if a.seq < 0 {
		return j.boxed[name][n.String()]
	}
	return j.marks[name][a.device] > a.seq || j.sent[name][a.device<<32|a.seq]
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}
