package cryptvfs

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// Resealing says what a database is sealed with and what a copy of it shall be.
type Resealing struct {
	Key, Fresh []byte // 32 bytes each; the caller's to wipe
	VaultID    [32]byte
	PageSize   int
	Progress   func(done, total int64) // bytes; nil: nobody is told
}

// Reseal copies the database at from, page by page, into a new file at to, sealed
// with another key, and has it synced. Nobody may have the database open, and
// nothing may lie in a log beside it. Every page that was ever written is
// authenticated on its way: ErrAuth or ErrTruncated, and the copy is then removed,
// as after any error.
func Reseal(ctx context.Context, from, to string, r Resealing) (err error) {
	boxes, end, err := r.boxes()
	if err != nil {
		return err
	}
	defer end()
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, out.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(to))
		}
	}()
	size, err := fileSize(in)
	if err != nil {
		return err
	}
	if size == 0 {
		return ErrEmpty
	}
	if size%int64(r.PageSize) != 0 {
		return ErrTruncated
	}
	raw, plain := make([]byte, r.PageSize), make([]byte, r.PageSize-overhead)
	defer clear(plain)
	for n := range size / int64(r.PageSize) {
		if n%1024 == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			r.tell(n*int64(r.PageSize), size)
		}
		if err := reseal(in, out, boxes, raw, plain, n); err != nil {
			return err
		}
	}
	r.tell(size, size)
	if err := ctx.Err(); err != nil {
		return err
	}
	return out.Sync()
}

// reseal copies one page. One of zeros was never written, and nothing reads it:
// the page of SQLite's lock bytes, or one that was free when the file grew over it.
func reseal(in, out *os.File, boxes [2]box, raw, plain []byte, n int64) error {
	where := place{kind: kindPage, number: n}
	got, err := readFull(in, raw, n*int64(len(raw)))
	switch {
	case err != nil:
		return err
	case got < len(raw):
		return where.at(ErrTruncated)
	}
	if !allZero(raw) {
		if err := boxes[0].open(plain, raw, where); err != nil {
			return err
		}
		if err := boxes[1].seal(raw, plain, where); err != nil {
			return err
		}
	}
	_, err = out.WriteAt(raw, n*int64(len(raw)))
	return err
}

func (r Resealing) tell(done, total int64) {
	if r.Progress != nil {
		r.Progress(done, total)
	}
}

func (r Resealing) boxes() (b [2]box, end func(), err error) {
	old, err := newKeyring(r.Key, r.VaultID, r.PageSize)
	if err != nil {
		return b, nil, err
	}
	fresh, err := newKeyring(r.Fresh, r.VaultID, r.PageSize)
	if err != nil {
		old.destroy()
		return b, nil, err
	}
	return [2]box{newBox(old, r.VaultID), newBox(fresh, r.VaultID)}, func() { old.destroy(); fresh.destroy() }, nil
}

// Opens reports whether the first page of the database at path opens with the key.
// It is false for a file that is not there.
func Opens(path string, key []byte, vaultID [32]byte, pageSize int) (bool, error) {
	k, err := newKeyring(key, vaultID, pageSize)
	if err != nil {
		return false, err
	}
	defer k.destroy()
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	raw, plain := make([]byte, pageSize), make([]byte, pageSize-overhead)
	defer clear(plain)
	if n, err := readFull(f, raw, 0); err != nil || n < pageSize {
		return false, err
	}
	b := newBox(k, vaultID)
	return b.open(plain, raw, place{kind: kindPage}) == nil, nil
}
