package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"phivault/sync/engine"
)

// Deliver is engine.Journal's.
func (j *Journal) Deliver(ctx context.Context, name string, e engine.Envelope) error {
	if err := j.enter(ctx, "deliver"); err != nil {
		return err
	}
	j.mu.Lock()
	se := j.session(name)
	a, asked := se.asks[e.Name]
	if !asked || se.missing[e.Name] {
		j.breach("delivered %s, which was not asked for, or said to be missing", e.Name)
	}
	j.mu.Unlock()
	if a.kind == "blob" || a.kind == "put" && a.blob.Size > 0 {
		return j.takeBlob(name, e, a)
	}
	object, err := read(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	var got []Segment
	if a.kind == "pack" || a.kind == "put" && a.seq < 0 {
		err = j.v.open(e.Name, object, &got)
	} else {
		got = make([]Segment, 1)
		err = j.v.open(e.Name, object, &got[0])
	}
	if err != nil {
		if a.kind == "verified" {
			err = fmt.Errorf("%w: replaced", ErrGone)
			se.refused = err
		}
		return fmt.Errorf("%w: %s", err, e.Name)
	}
	for i, s := range got {
		if a.seq >= 0 && (s.Device != a.device || s.Seq != a.seq+i) || !bytes.Equal(j.v.Sign(s).Signature, s.Signature) {
			return fmt.Errorf("%w: %s", ErrForged, e.Name)
		}
	}
	if a.kind == "put" {
		j.arrived(name, a)
	}
	for _, s := range got {
		if err := j.take(name, se, a.kind, s); err != nil {
			return fmt.Errorf("%w: %s", err, e.Name)
		}
	}
	return nil
}

func read(e engine.Envelope) ([]byte, error) {
	r, err := e.Open()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(r)
	if err == nil && int64(len(b)) != e.Size {
		err = errors.New("an envelope gave another size than its own")
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	return b, err
}

func (j *Journal) take(name string, se *session, kind string, s Segment) error {
	l := j.logs[s.Device]
	if s.Seq < len(l.applied) {
		if l.applied[s.Seq].hash() != s.hash() {
			se.refused = ErrFork
			return ErrFork
		}
		if kind != "verified" && kind != "put" {
			se.hit[s.Device], se.news[s.Device] = true, true
		}
		j.mark(name, s.Device, s.Seq)
		return nil
	}
	if s.Device == j.self {
		return ErrForged // this device never signed it
	}
	se.hit[s.Device], se.news[s.Device] = true, true
	h, here := l.held[s.Seq]
	if here && h.hash() != s.hash() {
		se.refused = ErrFork
		return ErrFork
	}
	l.held[s.Seq] = heldSegment{s, append(h.from, name)}
	return j.drain(se, s.Device)
}

// drain applies what has come to be complete.
func (j *Journal) drain(se *session, d int) error {
	l := j.logs[d]
	for {
		next := len(l.applied)
		h, here := l.held[next]
		if !here {
			return nil
		}
		if next > 0 && h.Prev != l.applied[next-1].hash() {
			delete(l.held, next)
			return ErrForged
		}
		ready := true
		for _, b := range h.Blobs {
			if !j.blobs[b.Name] {
				j.needs[j.v.Space().Name(b.Name)] = b
				ready = false
			}
		}
		if !ready {
			return nil
		}
		delete(l.held, next)
		l.applied = append(l.applied, h.Segment)
		se.applied.Segments++
		se.applied.Entries += len(h.Entries)
		for _, name := range h.from {
			j.mark(name, d, next)
		}
	}
}

// mark notes that a remote has a segment.
func (j *Journal) mark(name string, d, seq int) {
	if j.marks[name] == nil {
		return
	}
	above := j.sent[name]
	above[d<<32|seq] = true
	for m := j.marks[name]; above[d<<32|m[d]]; m[d]++ {
		delete(above, d<<32|m[d])
	}
}

func (j *Journal) takeBlob(name string, e engine.Envelope, a ask) error {
	r, err := e.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(io.Discard, r)
	if err != nil {
		return err
	}
	if n != int64(a.blob.Size) {
		return fmt.Errorf("%w: %s", ErrForged, e.Name)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.blobs[a.blob.Name] = true
	delete(j.needs, e.Name)
	j.boxed[name][e.Name.String()] = true
	se := j.session(name)
	if a.kind == "put" {
		j.arrived(name, a)
		return nil
	}
	for d := range j.logs {
		if err := j.drain(se, d); err != nil {
			return err
		}
	}
	return nil
}
