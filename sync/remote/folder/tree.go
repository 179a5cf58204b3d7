package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"time"

	"phivault/sync/remote"
)

// plain reports whether a file is one. Irregular stands for the placeholders of
// cloud drives on Windows, which open like files.
func plain(m fs.FileMode) bool { return m.Type()&^fs.ModeIrregular == 0 }

// plainDir refuses symlinks and whatever else is in a folder's place.
func (r *Remote) plainDir(dir string) error {
	info, err := r.root.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return errForeign
	}
	return nil
}

// walkable checks the folders on the way to n.
func (r *Remote) walkable(n remote.Name) error {
	space := n.Space().Path()
	for _, d := range []string{path.Dir(space), space, n.Folder()} {
		if err := r.plainDir(d); err != nil {
			return err
		}
	}
	return nil
}

// links tries whether hard links work and are refused where something stands. now is
// the time by the clock of whoever keeps the folder; zero where nothing can be written.
func (r *Remote) links() (yes bool, now time.Time) {
	if err := r.root.Mkdir(tmp, 0o700); err != nil && !errors.Is(err, fs.ErrExist) || r.plainDir(tmp) != nil {
		return false, now
	}
	a, b := path.Join(tmp, rand.Text()), path.Join(tmp, rand.Text())
	f, err := r.root.OpenFile(a, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return false, now
	}
	if info, err := f.Stat(); err == nil {
		now = info.ModTime()
	}
	f.Close()
	defer r.root.Remove(a)
	if r.root.Link(a, b) != nil {
		return false, now
	}
	defer r.root.Remove(b)
	return errors.Is(r.root.Link(a, b), fs.ErrExist), now
}

// sweep removes what writers that died have left. This machine's clock has no say: it may
// be days off that of the folder, and other writers are at work.
func (r *Remote) sweep(now time.Time) {
	if now.IsZero() || r.plainDir(tmp) != nil {
		return
	}
	for e, err := range r.entries(tmp) {
		if err != nil {
			return
		}
		if info, err := e.Info(); err == nil && plain(info.Mode()) && now.Sub(info.ModTime()) > tmpStale {
			r.root.Remove(path.Join(tmp, e.Name()))
		}
	}
}

// entries reads a folder in small portions, in the order of the file system.
func (r *Remote) entries(dir string) iter.Seq2[fs.DirEntry, error] {
	return func(yield func(fs.DirEntry, error) bool) {
		d, err := r.root.Open(dir)
		if err != nil {
			yield(nil, err)
			return
		}
		defer d.Close()
		for {
			some, err := d.ReadDir(256)
			for _, e := range some {
				if !yield(e, nil) {
					return
				}
			}
			if err == io.EOF {
				return
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// List walks the folders of a space; the zero Space is all of them. Files without
// bytes are left out.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		err := r.walk(ctx, s.Path(), 1+strings.Count(s.Path(), "/"), func(p string, d fs.DirEntry) error {
			n, err := remote.ParseName(p)
			if err != nil || !plain(d.Type()) {
				return nil
			}
			info, err := d.Info()
			if err == nil && info.Size() > 0 && !yield(remote.Entry{Name: n, Size: info.Size()}, nil) {
				return fs.SkipAll
			}
			return nil // gone since: not listed
		})
		if ctx.Err() != nil {
			err = remote.Failed(ctx, "list", remote.Name{}, ctx.Err())
		} else if err != nil && err != fs.SkipAll {
			err = fault("list", remote.Name{}, err)
		}
		if err != nil && err != fs.SkipAll {
			yield(remote.Entry{}, err)
		}
	}
}

// Strays names what lies in the folder and is neither an object nor a file being
// written, by its path inside the folder, made safe to print. An empty file in an
// object's place is one.
func (r *Remote) Strays(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		err := r.walk(ctx, ".", 0, func(p string, d fs.DirEntry) error {
			info, err := d.Info()
			if err != nil {
				return nil
			}
			if _, err := remote.ParseName(p); err == nil && plain(info.Mode()) && info.Size() > 0 {
				return nil
			}
			if path.Dir(p) == tmp && plain(info.Mode()) {
				return nil
			}
			if !yield(remote.Clean(p), nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil && err != fs.SkipAll {
			yield("", fault("list", remote.Name{}, err))
		}
	}
}

// walk calls visit for all that is not a folder, no deeper than objects lie.
func (r *Remote) walk(ctx context.Context, dir string, depth int, visit func(string, fs.DirEntry) error) error {
	if err := r.plainDir(dir); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	for e, err := range r.entries(dir) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		p := path.Join(dir, e.Name())
		if e.IsDir() && depth < 3 {
			err = r.walk(ctx, p, depth+1, visit)
		} else {
			err = visit(p, e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
