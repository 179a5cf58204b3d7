package journal

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// blobNote is the payload of a blob entry: see vault/FORMAT.md.
type blobNote struct {
	V      int    `json:"v"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`

	name [32]byte
	sum  vault.Hash
}

func (j *Journal) readNote(h vault.Header, body []byte) (*blobNote, error) {
	p, err := j.p.State.Unpack(h, body)
	if err != nil {
		return nil, err
	}
	n := new(blobNote)
	if err := json.Unmarshal(p, n); err != nil || n.V != 1 || n.Size < 0 || n.Size > vault.DefaultLimits().Attachment {
		return nil, vault.ErrIntegrity
	}
	if !unhex(n.name[:], n.Name) || !unhex(n.sum[:], n.SHA256) {
		return nil, vault.ErrIntegrity
	}
	return n, nil
}

func unhex(to []byte, s string) bool {
	if len(s) != 2*len(to) {
		return false
	}
	_, err := hex.Decode(to, []byte(s))
	return err == nil
}

// complete brings a held segment's payloads together, and reports whether all of
// them and all attachments are here. What is not is put down as needed.
func (j *Journal) complete(ctx context.Context, h *held) (bool, error) {
	ready := true
	k := j.keys[h.seg.Epoch]
	for i, e := range h.seg.Entries {
		if h.bodies[i] == nil && e.Length > 0 {
			if a, ok := j.pending.apart[e.Payload]; ok {
				h.bodies[i] = a.body
			} else {
				j.pending.need[j.space.Name(k.PayloadName(e.Payload))] = need{epoch: h.seg.Epoch, header: e}
				ready = false
			}
			continue
		}
		if e.Kind != vault.KindBlob || segment.IsGone(h.bodies[i]) {
			continue
		}
		n, err := j.readNote(e, h.bodies[i])
		if err != nil {
			return false, at(ErrForged, h.seg.Place, "an attachment's note is malformed")
		}
		r, err := j.p.Blobs.OpenBlob(ctx, n.sum)
		if err == nil {
			_ = r.Close()
			continue
		}
		if !errors.Is(err, vault.ErrNotFound) {
			return false, err
		}
		j.pending.need[j.space.Name(n.name)] = need{epoch: h.seg.Epoch, header: e, blob: n}
		ready = false
	}
	return ready, nil
}

// takeNeed takes in an object that held segments cite.
func (j *Journal) takeNeed(ctx context.Context, e engine.Envelope, n need) error {
	body, r, err := j.openNeed(e, n)
	if err != nil {
		return unreadable(err, e.Name)
	}
	defer body.Close()
	defer r.Close()
	if n.blob != nil {
		err = j.takeBlob(ctx, r, n.blob)
	} else {
		err = j.takePayload(r, n.header)
	}
	if err != nil {
		return unreadable(err, e.Name)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.pending.need, e.Name)
	return j.drain(ctx)
}

// openNeed opens an object under its segment's epoch, or another: a copy of a device
// writes entries again whose attachments its device has put already, under the epoch
// of that time. What it must be is in the entry.
func (j *Journal) openNeed(e engine.Envelope, n need) (io.ReadCloser, *seal.Reader, error) {
	j.mu.Lock()
	keys := []*segment.Keys{j.keys[n.epoch]}
	for id, k := range j.keys {
		if n.blob != nil && id != n.epoch {
			keys = append(keys, k)
		}
	}
	j.mu.Unlock()
	var err error
	for _, k := range keys {
		var body io.ReadCloser
		if body, err = e.Open(); err != nil {
			return nil, nil, err
		}
		var r *seal.Reader
		if r, err = seal.NewReader(body, k.BlobKey(), k.BlobContext(j.id, e.Name)); err == nil {
			return body, r, nil
		}
		_ = body.Close()
		if !errors.Is(err, seal.ErrOpen) {
			break
		}
	}
	return nil, nil, err
}

func unreadable(err error, n remote.Name) error {
	if errors.Is(err, seal.ErrOpen) {
		return fmt.Errorf("%w: %s", ErrUnreadable, n)
	}
	return err
}

var errOther = fmt.Errorf("%w: an attachment or payload is not what its entry says", ErrForged)

func (j *Journal) takeBlob(ctx context.Context, r io.Reader, n *blobNote) error {
	w, err := j.p.Blobs.NewBlob(ctx)
	if err != nil {
		return err
	}
	content := &judged{Reader: j.p.Blobs.UnpackBlob(r)}
	if _, err := io.Copy(w, io.LimitReader(content, n.Size)); err != nil {
		w.Abort()
		return err
	}
	// One more read verifies the end: a reader that has given all may still find
	// that the object was cut.
	if m, err := content.Read(make([]byte, 1)); m > 0 || err != io.EOF {
		w.Abort()
		if err != nil && err != io.EOF {
			return err
		}
		return errOther
	}
	sum, size, err := w.Commit()
	if err == nil && (sum != n.sum || size != n.Size) {
		err = errOther
	}
	return err
}

// judged tells what a member packed wrongly from what is wrong here.
type judged struct{ io.Reader }

func (r *judged) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if errors.Is(err, vault.ErrIntegrity) {
		err = errOther
	}
	return n, err
}

func (j *Journal) takePayload(r io.Reader, h vault.Header) error {
	const slack = 64 << 10 // what packing may add
	b, err := io.ReadAll(io.LimitReader(r, int64(h.Length)+slack))
	if err != nil {
		return err
	}
	if _, err := r.Read(make([]byte, 1)); err != io.EOF {
		return errOther
	}
	if _, err := j.p.State.Unpack(h, b); err != nil {
		return errOther
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pending.apart[h.Payload] = apart{b}
	j.pending.bytes += int64(len(b))
	return nil
}

// beside gives the objects that a segment's entries have of their own.
func (j *Journal) beside(ctx context.Context, s *segment.Segment, bodies [][]byte, k *segment.Keys) (out []engine.Envelope, err error) {
	for i, h := range s.Entries {
		switch {
		case segment.Apart(bodies[i]):
			n := j.space.Name(k.PayloadName(h.Payload))
			b, err := seal.Seal(bodies[i], k.BlobKey(), k.BlobContext(j.id, n), seal.Buckets)
			if err != nil {
				return nil, err
			}
			out = append(out, whole(n, b))
		case h.Kind == vault.KindBlob && !segment.IsGone(bodies[i]):
			note, err := j.readNote(h, bodies[i])
			if err != nil {
				return nil, fmt.Errorf("%w: an attachment's note", vault.ErrIntegrity)
			}
			n := j.space.Name(note.name)
			r, size, err := j.p.Blobs.PackBlob(ctx, note.sum)
			if err != nil {
				return nil, err
			}
			_ = r.Close()
			out = append(out, engine.Envelope{Name: n, Size: seal.Size(size, seal.Buckets), Open: func() (io.ReadCloser, error) {
				r, _, err := j.p.Blobs.PackBlob(ctx, note.sum)
				if err != nil {
					return nil, err
				}
				return sealing(r, k, k.BlobContext(j.id, n)), nil
			}})
		}
	}
	return out, nil
}

// sealing seals what r gives while it is read.
func sealing(r io.ReadCloser, k *segment.Keys, c seal.Context) io.ReadCloser {
	pr, pw := io.Pipe()
	go func() {
		defer r.Close()
		w, err := seal.NewWriter(pw, k.BlobKey(), c, seal.Buckets)
		if err == nil {
			if _, err = io.Copy(w, r); err == nil {
				err = w.Close()
			}
		}
		pw.CloseWithError(err) // nil is io.EOF; any other keeps the object from completing
	}()
	return pr
}
