package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
)

// spool is a sealed copy of a stream that must be read more than once. Its key
// is made here, lives in locked memory only, and dies with it; its file lies in
// the vault's folder and has no name any more where the system allows that.
type spool struct {
	f    *os.File
	key  *secret.Bytes
	ctx  seal.Context
	size int64
}

// newSpool reads r to its end.
func newSpool(ctx context.Context, dir string, r io.Reader, progress func(int64)) (s *spool, err error) {
	f, err := os.CreateTemp(dir, ".vault.key.spool-*")
	if err != nil {
		return nil, because(err, "the input cannot be kept for a second reading")
	}
	os.Remove(f.Name()) // fails where open files keep their names; close removes it there
	s = &spool{f: f, key: secret.Random(seal.KeySize), ctx: seal.Context{Kind: seal.KindSpool}}
	rand.Read(s.ctx.VaultID[:])
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	w, err := seal.NewWriter(f, s.key, s.ctx, seal.Exact)
	if err != nil {
		return nil, err
	}
	buf := make([]byte, 64<<10)
	defer secret.Wipe(buf)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		n, err := r.Read(buf)
		if _, werr := w.Write(buf[:n]); werr != nil {
			return nil, because(werr, "the input cannot be kept for a second reading")
		}
		s.size += int64(n)
		progress(s.size)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, because(err, "the input cannot be read")
		}
	}
	return s, w.Close()
}

// open reads the copy from its beginning.
func (s *spool) open() (io.ReadCloser, error) {
	fi, err := s.f.Stat()
	if err != nil {
		return nil, err
	}
	return seal.NewReader(io.NewSectionReader(s.f, 0, fi.Size()), s.key, s.ctx)
}

func (s *spool) close() {
	if s == nil {
		return
	}
	s.f.Close()
	os.Remove(s.f.Name())
	s.key.Destroy()
}
