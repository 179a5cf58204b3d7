package cryptvfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	sqlite3 "modernc.org/sqlite/lib"
)

const (
	logSuffix     = "-wal"
	journalSuffix = "-journal"
	// newSuffix is the file in which page one of a new database is made; it is
	// renamed when it is durable. One that a crash left is removed.
	newSuffix = "-new"
	fileMode  = 0o600
)

// open serves xOpen: a main database to be read and written, or its log.
func (v *VFS) open(path string, flags int32) (*handle, int32) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if path == "" || flags&sqlite3.SQLITE_OPEN_READWRITE == 0 || flags&sqlite3.SQLITE_OPEN_DELETEONCLOSE != 0 {
		return nil, v.refuse(ErrRefused, sqlite3.SQLITE_CANTOPEN)
	}
	create := flags&sqlite3.SQLITE_OPEN_CREATE != 0
	switch flags & (sqlite3.SQLITE_OPEN_MAIN_DB | sqlite3.SQLITE_OPEN_WAL) {
	case sqlite3.SQLITE_OPEN_MAIN_DB:
		return v.openDatabase(path, create)
	case sqlite3.SQLITE_OPEN_WAL:
		return v.openLog(path, create)
	}
	return nil, v.refuse(ErrRefused, sqlite3.SQLITE_CANTOPEN)
}

func (v *VFS) openDatabase(path string, create bool) (*handle, int32) {
	if code := v.ensure(path, create); code != sqlite3.SQLITE_OK {
		return nil, code
	}
	f, err := openPlain(path, v.mode)
	if err != nil {
		return nil, v.failOpen(err, true)
	}
	n := v.acquire(path)
	d := &database{os: f, disk: v.disk, state: &n.main, box: newBox(v.keys, v.vault), page: v.page,
		pages: newFetcher(f, v.page), raw: make([]byte, v.page), plain: make([]byte, v.page)}
	return &handle{vfs: v, node: n, content: d, closeOS: d.close, wipe: [][]byte{d.plain}}, sqlite3.SQLITE_OK
}

// ensure makes path a database that has at least page one. The page appears
// whole or not at all: it is written beside, synced and renamed. A file without
// content is as good as none, unless there is a log: then a database was lost.
func (v *VFS) ensure(path string, create bool) int32 {
	st, err := os.Lstat(path)
	switch {
	case err == nil && st.IsDir():
		return v.refuse(ErrRefused, sqlite3.SQLITE_CANTOPEN_ISDIR)
	case err == nil && !st.Mode().IsRegular():
		return v.refuse(ErrRefused, sqlite3.SQLITE_CANTOPEN)
	case err == nil && st.Size() > 0:
		return sqlite3.SQLITE_OK
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return v.failOpen(err, true)
	case !create && err != nil:
		v.keepError(err)
		return sqlite3.SQLITE_CANTOPEN
	case !create:
		v.keepError(ErrEmpty)
		return sqlite3.SQLITE_CANTOPEN
	}
	if log, err := os.Lstat(path + logSuffix); err == nil && log.Size() > 0 {
		v.keepError(ErrEmpty)
		return sqlite3.SQLITE_CANTOPEN
	}
	err = v.frozen()
	if err == nil {
		err = v.create(path)
	}
	if err != nil {
		return v.failOpen(err, false)
	}
	return sqlite3.SQLITE_OK
}

func (v *VFS) create(path string) error {
	raw := make([]byte, v.page)
	b := newBox(v.keys, v.vault)
	if err := sealPage(&b, raw, firstPage(v.page), 0); err != nil {
		return err
	}
	if err := v.disk.Remove(path + newSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := openPlain(path+newSuffix, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	err = v.disk.Write(f, raw, 0)
	if err == nil {
		err = v.disk.Sync(f)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = v.disk.Rename(path+newSuffix, path)
	}
	if err != nil {
		return errors.Join(err, v.disk.Remove(path+newSuffix))
	}
	return syncFolder(v.disk, path)
}

// openLog opens the log of a database that is open.
func (v *VFS) openLog(path string, create bool) (*handle, int32) {
	base, isLog := strings.CutSuffix(path, logSuffix)
	if !isLog || v.nodes[base] == nil {
		return nil, v.refuse(ErrRefused, sqlite3.SQLITE_CANTOPEN)
	}
	_, err := os.Lstat(path)
	missing := errors.Is(err, fs.ErrNotExist)
	frame := markSize + frameHeaderSize + v.page - overhead
	l := &log{disk: v.disk, box: newBox(v.keys, v.vault), page: v.page,
		raw: make([]byte, frame+overhead), plain: make([]byte, frame), head: none, held: none}
	l.open = func(create bool) (*os.File, error) {
		mode := v.mode
		if create && mode == os.O_RDWR {
			mode |= os.O_CREATE
		}
		return openPlain(path, mode)
	}
	if !missing || !create {
		if l.os, err = l.open(create); err != nil {
			return nil, v.failOpen(err, !missing)
		}
	}
	n := v.acquire(base)
	l.state = &n.log
	if !n.log.known {
		// Whoever made it may have been killed before its name was durable. What
		// others of this process know of it stays: they may be making it just now.
		n.log.known = true
		n.log.unnamed.Store(true)
		n.log.inherited.pending.Store(!missing)
	}
	return &handle{vfs: v, node: n, content: l, closeOS: l.close, wipe: [][]byte{l.plain}}, sqlite3.SQLITE_OK
}

// remove serves xDelete, which for the files of this package means the log.
func (v *VFS) remove(path string, durable bool) int32 {
	if strings.HasSuffix(path, journalSuffix) {
		return sqlite3.SQLITE_IOERR_DELETE_NOENT // there never is one of ours
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	base, isLog := strings.CutSuffix(path, logSuffix)
	if !isLog || v.nodes[base] == nil {
		return v.refuse(ErrRefused, sqlite3.SQLITE_IOERR_DELETE)
	}
	err := v.frozen()
	if err == nil {
		// Who has the database open and did not read yet makes the next log under a new name.
		v.nodes[base].log.unnamed.Store(true)
		v.nodes[base].log.shorter()
		err = v.disk.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return sqlite3.SQLITE_IOERR_DELETE_NOENT
	}
	if err == nil && durable {
		if err := syncFolder(v.disk, path); err != nil {
			return v.fail(err, sqlite3.SQLITE_IOERR_DIR_FSYNC)
		}
	}
	return v.fail(err, sqlite3.SQLITE_IOERR_DELETE)
}

// exists serves xAccess. A journal of another making is not looked at: SQLite
// would roll it back into the database.
func exists(path string) bool {
	if strings.HasSuffix(path, journalSuffix) {
		return false
	}
	st, err := os.Stat(path)
	switch {
	case err != nil:
		return false
	case strings.HasSuffix(path, logSuffix):
		return st.Size() > 0
	}
	return true
}

// failOpen keeps the reason why a file did not open and gives SQLite's number.
func (v *VFS) failOpen(err error, exists bool) int32 {
	if errors.Is(err, ErrRefused) {
		return v.refuse(err, sqlite3.SQLITE_CANTOPEN)
	}
	v.keepError(err)
	return openCode(err, exists)
}

// fullPath resolves links to the folder, so that one database has one node by
// whatever name. A link in the place of the file itself is refused later.
func fullPath(path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(abs)); err == nil {
		return filepath.Join(dir, filepath.Base(abs)), nil
	}
	return abs, nil
}

// withoutPath drops what os puts around an error: the path.
func withoutPath(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
