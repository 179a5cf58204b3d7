package store

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"phivault/vault"
)

var _ vault.SyncedBlobs = (*Store)(nil)

// An attachment travels as its chunks do at rest, in order: u32 length · packed
// chunk, each of 65,536 bytes of content but the last.

// PackBlob reads an attachment as it travels; see vault.SyncedBlobs. What it reads
// is not checked against the attachment's hash: whoever unpacks it does that.
func (s *Store) PackBlob(ctx context.Context, sum vault.Hash) (io.ReadCloser, int64, error) {
	r := &packedReader{s: s, ctx: ctx}
	var bytes, content int64
	err := s.read(ctx, func(c *conn) error {
		ok, err := c.row(ctx, []any{&r.blob, &content}, "SELECT blob,size FROM blob WHERE sha256=?", sum[:])
		if err == nil && !ok {
			err = fmt.Errorf("attachment: %w", vault.ErrNotFound)
		}
		if err != nil {
			return err
		}
		_, err = c.row(ctx, []any{&r.chunks, &bytes}, "SELECT count(*),coalesce(sum(length(data)),0) FROM chunk WHERE chunk BETWEEN ? AND ?",
			r.blob<<24, (r.blob+1)<<24-1)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if want := (content + chunkSize - 1) / chunkSize; r.chunks != want {
		return nil, 0, fmt.Errorf("%w: an attachment has lost a part", vault.ErrIntegrity)
	}
	return r, bytes + 4*r.chunks, nil
}

type packedReader struct {
	s                  *Store
	ctx                context.Context
	blob, next, chunks int64
	buf                []byte
}

func (r *packedReader) Read(p []byte) (int, error) {
	if len(r.buf) == 0 {
		if r.next == r.chunks {
			return 0, io.EOF
		}
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.buf)
	r.buf = r.buf[n:]
	return n, nil
}

func (r *packedReader) fill() error {
	var data []byte
	err := r.s.read(r.ctx, func(c *conn) error {
		ok, err := c.row(r.ctx, []any{&data}, "SELECT data FROM chunk WHERE chunk=?", r.blob<<24|r.next)
		if err == nil && !ok {
			err = fmt.Errorf("%w: an attachment has lost a part", vault.ErrIntegrity)
		}
		return err
	})
	r.next++
	r.buf = append(binary.BigEndian.AppendUint32(nil, uint32(len(data))), data...)
	return err
}

func (r *packedReader) Close() error { return nil }

// UnpackBlob gives the content of what PackBlob gave; see vault.SyncedBlobs.
func (s *Store) UnpackBlob(r io.Reader) io.Reader {
	return &unpackingReader{s: s, r: bufio.NewReader(r)}
}

type unpackingReader struct {
	s    *Store
	r    *bufio.Reader
	buf  []byte
	last bool // a short chunk was read: nothing may follow
}

func (u *unpackingReader) Read(p []byte) (int, error) {
	for len(u.buf) == 0 {
		if err := u.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, u.buf)
	u.buf = u.buf[n:]
	return n, nil
}

var errBlob = fmt.Errorf("%w: not an attachment as it travels", vault.ErrIntegrity)

func (u *unpackingReader) fill() error {
	var size [4]byte
	switch _, err := io.ReadFull(u.r, size[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errBlob
	case err != nil:
		return err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n == 0 || n > chunkSize+1 || u.last {
		return errBlob
	}
	data := make([]byte, n)
	switch _, err := io.ReadFull(u.r, data); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errBlob
	case err != nil:
		return err
	}
	var err error
	if u.buf, err = u.s.pack.unpackChunk(data); err != nil {
		return errBlob
	}
	u.last = len(u.buf) < chunkSize
	if len(u.buf) == 0 {
		return errBlob
	}
	return nil
}
