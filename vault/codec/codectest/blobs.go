package codectest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"sync"

	"phivault/vault"
)

// Blobs keeps attachments in memory. The zero value is ready; it is safe for
// concurrent use.
type Blobs struct {
	mu      sync.Mutex
	m       map[vault.Hash][]byte
	open    int // begun and neither committed nor aborted
	aborted int
}

var _ vault.Blobs = (*Blobs)(nil)

// NewBlob begins an attachment.
func (b *Blobs) NewBlob(context.Context) (vault.BlobWriter, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open++
	return &blobWriter{b: b}, nil
}

// OpenBlob reads an attachment back.
func (b *Blobs) OpenBlob(_ context.Context, h vault.Hash) (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.m[h]
	if !ok {
		return nil, vault.ErrNotFound
	}
	return io.NopCloser(bytes.NewReader(p)), nil
}

// Open is the number of attachments that were begun and not ended.
func (b *Blobs) Open() int { b.mu.Lock(); defer b.mu.Unlock(); return b.open }

// Len is the number of different attachments kept.
func (b *Blobs) Len() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.m) }

// Aborted is the number of attachments given up.
func (b *Blobs) Aborted() int { b.mu.Lock(); defer b.mu.Unlock(); return b.aborted }

type blobWriter struct {
	b     *Blobs
	data  []byte
	ended bool
}

var _ vault.BlobWriter = (*blobWriter)(nil)

func (w *blobWriter) Write(p []byte) (int, error) {
	w.data = append(w.data, p...)
	return len(p), nil
}

func (w *blobWriter) end() {
	if w.ended {
		panic("codectest: a blob was ended twice")
	}
	w.ended = true
	w.b.mu.Lock()
	w.b.open--
	w.b.mu.Unlock()
}

func (w *blobWriter) Commit() (vault.Hash, int64, error) {
	w.end()
	h := vault.Hash(sha256.Sum256(w.data))
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	if w.b.m == nil {
		w.b.m = map[vault.Hash][]byte{}
	}
	w.b.m[h] = w.data
	return h, int64(len(w.data)), nil
}

func (w *blobWriter) Abort() {
	w.end()
	w.b.mu.Lock()
	w.b.aborted++
	w.b.mu.Unlock()
}
