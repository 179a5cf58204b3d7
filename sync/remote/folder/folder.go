// Package folder keeps objects as files below one folder: a stick, a network
// drive, or the folder of a cloud drive that other machines see too.
//
// An object appears under its name whole and on disk, or not at all: it is
// written and synced under another name and then linked to its own, which one
// writer alone can do. On file systems without hard links that last step is a
// check and a rename, and the remote declares itself remote.Weak.
//
// Other programs work in such a folder as well. Files with foreign names
// (conflict copies, .DS_Store) are passed over, a file of zero bytes is an object
// whose bytes have not arrived, a file that is still growing gives an error, and
// nothing but plain files in plain folders is ever opened: no symlink, no device,
// and by os.Root nothing outside the folder.
package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"runtime"
	"syscall"
	"time"

	"phivault/sync/remote"
)

const (
	tmp      = "tmp"          // where files are written before they get their names
	tmpStale = 24 * time.Hour // what has lain there so long is nobody's
)

// Remote is a folder.
type Remote struct {
	root     *os.Root
	strength remote.Strength
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

// Open opens the folder at dir, which must exist. It tries once what the file
// system can do; where it may not write at all, the remote can still be read.
func Open(dir string) (*Remote, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault("open", remote.Name{}, err)
	}
	r := &Remote{root: root}
	link, now := r.links()
	if link {
		r.strength = remote.Exclusive
	}
	r.sweep(now)
	return r, nil
}

// Create is Open, and makes the folder where it is missing.
func Create(dir string) (*Remote, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault("open", remote.Name{}, err)
	}
	return Open(dir)
}

// Strength is Exclusive where hard links work.
func (r *Remote) Strength() remote.Strength { return r.strength }

// Put writes, syncs, and names a file.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return remote.Failed(ctx, "put", n, err)
	}
	if err := r.walkable(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("put", n, err)
	}
	if _, err := r.root.Lstat(n.String()); err == nil {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	in := remote.NewSource(src, size)
	part, err := r.write(ctx, in)
	if err != nil {
		if ctx.Err() != nil || in.Err() != nil {
			return remote.Failed(ctx, "put", n, err)
		}
		return fault("put", n, err)
	}
	defer r.root.Remove(part)
	if err := r.name(part, n); err != nil {
		return fault("put", n, err)
	}
	return nil
}

// write puts src into a new synced file and gives its name.
func (r *Remote) write(ctx context.Context, src io.Reader) (name string, err error) {
	if err := r.root.Mkdir(tmp, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	if err := r.plainDir(tmp); err != nil {
		return "", err
	}
	name = path.Join(tmp, rand.Text())
	f, err := r.root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			r.root.Remove(name)
		}
	}()
	buf := make([]byte, 128<<10)
	// Through a plain writer: os.File would hand the copying to the reader.
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, &checked{ctx, src}, buf); err != nil {
		return "", err
	}
	return name, f.Sync()
}

// name gives the written file its name, if that is free, and makes it last.
func (r *Remote) name(part string, n remote.Name) error {
	fresh, err := r.link(part, n)
	for i := 0; i < 10 && errors.Is(err, fs.ErrNotExist); i++ { // its folder was empty, and somebody's Delete took it away
		fresh, err = r.link(part, n)
	}
	if err != nil {
		return err
	}
	dirs := []string{n.Folder()}
	if fresh {
		dirs = append(dirs, n.Space().Path(), path.Dir(n.Space().Path()), ".")
	}
	for _, d := range dirs {
		if err := r.syncDir(d); err != nil {
			return err
		}
	}
	return nil
}

// link makes the folders that n lacks, which fresh tells, and names the file.
func (r *Remote) link(part string, n remote.Name) (fresh bool, err error) {
	if _, err := r.root.Lstat(n.Folder()); err != nil {
		fresh = true
		if err := r.root.MkdirAll(n.Folder(), 0o700); err != nil {
			return fresh, err
		}
		if err := r.walkable(n); err != nil {
			return fresh, err
		}
	}
	if r.strength == remote.Exclusive {
		return fresh, r.root.Link(part, n.String())
	}
	if _, err := r.root.Lstat(n.String()); err == nil {
		return fresh, fs.ErrExist
	}
	return fresh, r.root.Rename(part, n.String())
}

// syncDir makes a folder's new entry last. Windows has no such call.
func (r *Remote) syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := r.root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // network file systems that sync by themselves
	}
	return errors.Join(err, d.Close())
}

// Get opens a file.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n.IsZero() {
		return nil, 0, remote.Fail("get", n, remote.ErrName, "")
	}
	if err := ctx.Err(); err != nil {
		return nil, 0, remote.Failed(ctx, "get", n, err)
	}
	f, size, err := r.open(n)
	if err != nil {
		return nil, 0, fault("get", n, err)
	}
	switch {
	case size == 0:
		f.Close()
		return nil, 0, remote.Fail("get", n, remote.ErrUnavailable, "its bytes have not arrived in the folder")
	case size > remote.MaxObject:
		f.Close()
		return nil, 0, remote.Fail("get", n, remote.ErrTooLarge, "")
	}
	return remote.Body(ctx, n, f, size), size, nil
}

func (r *Remote) open(n remote.Name) (*os.File, int64, error) {
	if err := r.walkable(n); err != nil {
		return nil, 0, err
	}
	before, err := r.root.Lstat(n.String())
	if err != nil {
		return nil, 0, err
	}
	if !plain(before.Mode()) {
		return nil, 0, errForeign
	}
	f, err := r.root.Open(n.String())
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = errForeign // exchanged between the look and the opening
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, info.Size(), nil
}

// Delete removes a file, and the folders that it leaves empty.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if n.IsZero() {
		return remote.Fail("delete", n, remote.ErrName, "")
	}
	if err := ctx.Err(); err != nil {
		return remote.Failed(ctx, "delete", n, err)
	}
	err := r.walkable(n)
	if err == nil {
		err = r.root.Remove(n.String())
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fault("delete", n, err)
	}
	space := n.Space().Path()
	for _, d := range []string{n.Folder(), space, path.Dir(space)} {
		if r.plainDir(d) != nil || r.root.Remove(d) != nil { // something else is in it
			break
		}
	}
	return nil
}

// Close lets go of the folder.
func (r *Remote) Close() error { return r.root.Close() }

type checked struct {
	ctx context.Context
	r   io.Reader
}

func (c *checked) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

var errForeign = errors.New("not a plain file in plain folders")

// fault says what went wrong without the path, which may tell a person's name.
func fault(op string, n remote.Name, err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return remote.Fail(op, n, remote.ErrExists, "")
	case errors.Is(err, errForeign):
		return remote.Fail(op, n, remote.ErrRefused, errForeign.Error())
	case op != "open" && errors.Is(err, fs.ErrNotExist):
		return remote.Fail(op, n, remote.ErrNotFound, "")
	case errors.Is(err, fs.ErrNotExist):
		return remote.Fail(op, n, remote.ErrUnavailable, "there is no such folder")
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		return remote.Fail(op, n, remote.ErrRefused, "the folder does not permit it")
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return remote.Fail(op, n, remote.ErrUnavailable, e.Error())
	}
	return remote.Fail(op, n, remote.ErrUnavailable, fmt.Sprintf("%T", err))
}
