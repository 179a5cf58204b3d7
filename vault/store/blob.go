package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"slices"

	"phivault/vault"
)

// chunkSize is what one row of an attachment holds; flushChunks of them are
// written in one transaction.
const (
	chunkSize   = 64 << 10
	flushChunks = 16
	maxChunks   = 1 << 24
)

// BlobNote is the payload of a blob entry: an attachment that the next put cites
// by its hash. Each record that comes to cite an attachment has an entry of its
// own under a name of its own, so that whoever carries the sealed objects does
// not learn that two records share one.
type BlobNote struct {
	V      int    `json:"v"`    // 1
	Name   string `json:"name"` // 64 hex digits, random: what the sealed object is called by
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

// NewBlob begins an attachment; see vault.Blobs. It writes in transactions of its own
// or in a loading's, so it must not be used from within Append.
func (s *Store) NewBlob(ctx context.Context) (vault.BlobWriter, error) {
	b := &blobWriter{s: s, ctx: ctx, sum: sha256.New()}
	err := s.attach(ctx, func() (err error) {
		if s.blob == 0 {
			if s.blob, err = count(ctx, s.w, "SELECT coalesce(max(blob),0) FROM blob"); err != nil {
				return err
			}
		}
		s.blob++ // also when it fails: a number is not missed
		b.blob, b.undone = s.blob, s.undone
		return s.w.run("INSERT INTO blob(blob,sha256,size,entry) VALUES(?,NULL,0,NULL)", b.blob)
	})
	if err != nil {
		return nil, mapError(err)
	}
	return b, nil
}

// blobWriter holds flushChunks chunks at most.
type blobWriter struct {
	s      *Store
	ctx    context.Context
	blob   int64
	undone int // Store.undone when it began
	sum    hash.Hash
	size   int64
	next   int64 // chunk
	buf    []byte
	err    error
}

// attach is the store's, unless a loading came to nothing since: what was written within
// that is gone.
func (b *blobWriter) attach(do func() error) error {
	return b.s.attach(b.ctx, func() error {
		if b.s.undone != b.undone {
			return fmt.Errorf("%w: an attachment was given up while it was written", vault.ErrIntegrity)
		}
		return do()
	})
}

func (b *blobWriter) Write(p []byte) (int, error) {
	for done := 0; done < len(p); {
		if b.err != nil {
			return done, b.err
		}
		n := min(len(p)-done, chunkSize*flushChunks-len(b.buf))
		b.buf = append(b.buf, p[done:done+n]...)
		done += n
		if len(b.buf) == chunkSize*flushChunks {
			b.flush()
		}
	}
	b.sum.Write(p)
	b.size += int64(len(p))
	return len(p), b.err
}

func (b *blobWriter) flush() {
	if b.err = b.ctx.Err(); b.err != nil || len(b.buf) == 0 {
		return
	}
	b.err = mapError(b.attach(func() error {
		for at := 0; at < len(b.buf); at += chunkSize {
			if b.next == maxChunks {
				return fmt.Errorf("%w: an attachment of more than %d bytes", vault.ErrLimit, int64(maxChunks)*chunkSize)
			}
			data, err := b.s.pack.pack(b.buf[at:min(at+chunkSize, len(b.buf))])
			if err != nil {
				return err
			}
			if err := b.s.w.run("INSERT INTO chunk(chunk,data) VALUES(?,?)", b.blob<<24|b.next, data); err != nil {
				return err
			}
			b.next++
		}
		return nil
	}))
	b.buf = b.buf[:0]
}

func (b *blobWriter) Commit() (sum vault.Hash, size int64, err error) {
	b.flush()
	if b.err != nil {
		b.Abort()
		return sum, 0, b.err
	}
	b.sum.Sum(sum[:0])
	err = b.attach(func() error {
		var have int64
		ok, err := b.s.w.row(b.ctx, []any{&have}, "SELECT blob FROM blob WHERE sha256=?", sum[:])
		if err != nil {
			return err
		}
		if ok {
			return dropBlob(b.s.w, b.blob)
		}
		return b.s.w.run("UPDATE blob SET sha256=?,size=? WHERE blob=?", sum[:], b.size, b.blob)
	})
	return sum, b.size, mapError(err)
}

func (b *blobWriter) Abort() {
	_ = b.s.attach(context.Background(), func() error { return dropBlob(b.s.w, b.blob) }) // else the next sweep removes it
}

func dropBlob(c *conn, blob int64) error {
	if err := c.run("DELETE FROM chunk WHERE chunk BETWEEN ? AND ?", blob<<24, (blob+1)<<24-1); err != nil {
		return err
	}
	return c.run("DELETE FROM blob WHERE blob=?", blob)
}

const looseBlobs = "SELECT blob FROM blob INDEXED BY blob_loose WHERE entry IS NULL"

// sweepBlobs removes attachments that no record cites: what an import left that
// was killed before its batch. It runs when the database is opened, before
// anyone can write a new one.
func (s *Store) sweepBlobs(ctx context.Context) error {
	var orphans []int64
	err := s.w.rows(ctx, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		orphans = append(orphans, n)
		return err
	}, looseBlobs)
	if err != nil {
		return err
	}
	for _, n := range orphans {
		if err := s.w.transact(ctx, func() error { return dropBlob(s.w, n) }); err != nil {
			return err
		}
	}
	return nil
}

// cite makes an attachment part of the vault. It comes before the put.
func (t *tx) cite(ctx context.Context, id vault.RecordID, c vault.Cut) error {
	var n, size int64
	var taken bool
	ok, err := t.w.row(ctx, []any{&n, &size, &taken}, "SELECT blob,size,entry IS NOT NULL FROM blob WHERE sha256=?", c.SHA256[:])
	if err != nil {
		return err
	}
	if !ok || size != c.Size {
		return fmt.Errorf("%w: an attachment that a record cites is not here", vault.ErrIntegrity)
	}
	var name vault.Hash
	rand.Read(name[:])
	p, err := json.Marshal(BlobNote{V: 1, Name: name.String(), SHA256: c.SHA256.String(), Size: c.Size})
	if err != nil {
		return err
	}
	if err := t.note(vault.Note{Kind: vault.KindBlob, Record: id, Payload: p}); err != nil || taken {
		return err
	}
	return t.w.run("UPDATE blob SET entry=? WHERE blob=?", t.s.next.entry-1, n)
}

// citeNew cites the attachments of cuts that the revision at entry did not
// cite already; entry is 0 for a record's first.
func (t *tx) citeNew(ctx context.Context, id vault.RecordID, cuts []vault.Cut, entry int64) error {
	if len(cuts) == 0 || t.dry {
		return nil
	}
	var before []vault.Cut
	if entry != 0 {
		b, err := body(ctx, t.w, entry)
		if err != nil {
			return err
		}
		p, err := t.s.pack.unpack(b)
		if err != nil {
			return err
		}
		if _, before, _, err = decodePayload(p); err != nil {
			return err
		}
	}
	for _, c := range cuts {
		if slices.ContainsFunc(before, func(o vault.Cut) bool { return o.SHA256 == c.SHA256 }) {
			continue
		}
		before = append(before, c)
		if err := t.cite(ctx, id, c); err != nil {
			return err
		}
	}
	return nil
}

// OpenBlob reads an attachment chunk by chunk; see vault.Blobs.
func (s *Store) OpenBlob(ctx context.Context, sum vault.Hash) (io.ReadCloser, error) {
	r := &blobReader{s: s, ctx: ctx, want: sum, sum: sha256.New()}
	err := s.read(ctx, func(c *conn) error {
		ok, err := c.row(ctx, []any{&r.blob, &r.left}, "SELECT blob,size FROM blob WHERE sha256=?", sum[:])
		if err == nil && !ok {
			err = fmt.Errorf("attachment: %w", vault.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

type blobReader struct {
	s    *Store
	ctx  context.Context
	blob int64
	next int64
	left int64
	buf  []byte
	want vault.Hash
	sum  hash.Hash
}

func (r *blobReader) Read(p []byte) (int, error) {
	if len(r.buf) == 0 {
		if r.left == 0 {
			if vault.Hash(r.sum.Sum(nil)) != r.want {
				return 0, fmt.Errorf("%w: an attachment is not what was written", vault.ErrIntegrity)
			}
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

func (r *blobReader) fill() error {
	err := r.s.read(r.ctx, func(c *conn) error {
		var data []byte
		ok, err := c.row(r.ctx, []any{&data}, "SELECT data FROM chunk WHERE chunk=?", r.blob<<24|r.next)
		if err == nil && ok {
			r.buf, err = r.s.pack.unpack(data)
		}
		if err == nil && (!ok || len(r.buf) == 0 || int64(len(r.buf)) > r.left) {
			err = fmt.Errorf("%w: an attachment has lost a part", vault.ErrIntegrity)
		}
		return err
	})
	if err != nil {
		return err
	}
	r.next++
	r.left -= int64(len(r.buf))
	r.sum.Write(r.buf)
	return nil
}

func (r *blobReader) Close() error { return nil }

// noteBytes is how much of an attachment's text is searched.
const noteBytes = 1 << 20

// notes reads the text of attachments for a resource's view.
func (s *Store) notes(ctx context.Context, c *conn) func(vault.Cut) []byte {
	return func(cut vault.Cut) []byte {
		text, _ := s.noteOf(ctx, c, cut)
		return text
	}
}

// notes is the store's, for the writer. A page that does not read ends the transaction of
// who reads it, so that the writer reads only what no reader sees yet.
func (t *tx) notes(ctx context.Context) func(vault.Cut) []byte {
	return func(cut vault.Cut) (text []byte) {
		var blob int64
		if ok, err := t.w.row(ctx, []any{&blob}, blobOf, cut.SHA256[:]); err != nil || !ok {
			return nil
		}
		seen := false
		_ = t.s.read(ctx, func(c *conn) error {
			text, seen = t.s.noteOf(ctx, c, cut)
			return nil
		})
		if !seen {
			text, _ = t.s.noteOf(ctx, t.w, cut)
		}
		return text
	}
}

const blobOf = "SELECT blob FROM blob WHERE sha256=?"

// noteOf gives the beginning of an attachment, if it is here.
func (s *Store) noteOf(ctx context.Context, c *conn, cut vault.Cut) (text []byte, here bool) {
	var blob int64
	if ok, err := c.row(ctx, []any{&blob}, blobOf, cut.SHA256[:]); err != nil || !ok {
		return nil, false
	}
	_ = c.rows(ctx, func(scan func(...any) error) error { // what cannot be read is not found, and verify tells
		var data []byte
		if err := scan(&data); err != nil {
			return err
		}
		part, err := s.pack.unpack(data)
		if err != nil {
			return err
		}
		if text = append(text, part...); len(text) >= noteBytes {
			return errStop
		}
		return nil
	}, "SELECT data FROM chunk WHERE chunk BETWEEN ? AND ? ORDER BY chunk", blob<<24, (blob+1)<<24-1)
	return text[:min(len(text), noteBytes)], true
}
