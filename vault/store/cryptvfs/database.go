package cryptvfs

import (
	"encoding/binary"
	"os"

	sqlite3 "modernc.org/sqlite/lib"
)

// The two reads of the database that are no whole page: SQLite looks at the
// header before it knows the page size, and at the file's version before it
// trusts its cache (pager.c).
const (
	headerPeek                  = 100
	versionPeek, versionPeekOff = 16, 24
)

// database is the main file: page n lies, sealed, at n times the page size.
type database struct {
	os    *os.File
	disk  changes
	state *mainState
	box   box
	page  int
	pages fetcher
	raw   []byte // one sealed page
	plain []byte // page one, for the peeks only
}

func (d *database) read(buf []byte, off int64) error {
	size := int64(d.page)
	switch {
	case int64(len(buf)) == size && off >= 0 && off%size == 0:
		return d.readPage(buf, off/size)
	case off == 0 && len(buf) == headerPeek, off == versionPeekOff && len(buf) == versionPeek:
		return d.peek(buf, off)
	}
	clear(buf)
	return ErrShape
}

// readPage opens page n into buf. A page that is not there is an error and not
// zeros as in SQLite's own VFS: with the log at hand it never asks for one.
func (d *database) readPage(buf []byte, n int64) error {
	where := place{kind: kindPage, number: n}
	got, err := len(d.raw), error(nil)
	if !d.state.together.read(d.raw, n) {
		got, err = d.pages.read(d.raw, n)
	}
	if err == nil && got < len(d.raw) {
		err = where.at(ErrTruncated)
	}
	if err != nil {
		clear(buf)
		return err
	}
	clear(buf[d.page-overhead:])
	if err := d.box.open(buf[:d.page-overhead], d.raw, where); err != nil {
		return err
	}
	d.pages.learn(n, buf)
	return nil
}

// peek reads within page one. When a power cut in a checkpoint left page one
// torn, the log holds the good copy: the first look at the header must then
// lead SQLite to the log, so it gets the header every database of this VFS has.
// The real read of page one still fails where the log has no copy.
func (d *database) peek(buf []byte, off int64) error {
	err := d.readPage(d.plain, 0)
	if err != nil && IsAuth(err) && off == 0 {
		copy(d.plain, firstPage(d.page))
		err = nil
	}
	if err != nil {
		clear(buf)
		return err
	}
	copy(buf, d.plain[off:])
	return nil
}

func (d *database) write(buf []byte, off int64) error {
	size := int64(d.page)
	if int64(len(buf)) != size || off < 0 || off%size != 0 {
		return ErrShape
	}
	if err := d.state.writable(); err != nil {
		return err
	}
	return d.state.together.write(d, buf, off/size)
}

// sealPage refuses content in the reserved bytes: it would be lost.
func sealPage(b *box, dst, page []byte, n int64) error {
	body := len(page) - overhead
	if !allZero(page[body:]) {
		return ErrShape
	}
	return b.seal(dst, page[:body], place{kind: kindPage, number: n})
}

func (d *database) truncate(size int64) error {
	if size < 0 || size%int64(d.page) != 0 {
		return ErrShape
	}
	if err := d.state.writable(); err != nil {
		return err
	}
	if err := d.state.together.flush(d); err != nil {
		return err
	}
	return d.disk.Truncate(d.os, size)
}

func (d *database) size() (int64, error) { return d.state.together.size(d) }

func (d *database) sync() error {
	if err := d.state.writable(); err != nil {
		return err
	}
	if err := d.state.together.flush(d); err != nil {
		return err
	}
	return d.state.sync(d.disk, d.os)
}

// moved is called when a checkpoint has no more pages.
func (d *database) moved() {
	if d.state.writable() == nil {
		_ = d.state.together.flush(d) // what fails stays held
	}
}

func (d *database) close() error {
	d.moved()
	return d.os.Close()
}

// firstPage is page one of an empty database in WAL mode whose pages end in
// reserved bytes (https://sqlite.org/fileformat2.html, sections 1.3 and 1.6).
func firstPage(size int) []byte {
	p := make([]byte, size)
	copy(p, "SQLite format 3\x00")
	binary.BigEndian.PutUint16(p[16:], uint16(size))
	p[18], p[19] = 2, 2                   // WAL to write, WAL to read
	p[20] = byte(overhead)                // reserved bytes at the end of each page
	p[21], p[22], p[23] = 64, 32, 32      // payload fractions, fixed
	binary.BigEndian.PutUint32(p[24:], 1) // change counter
	binary.BigEndian.PutUint32(p[28:], 1) // pages
	binary.BigEndian.PutUint32(p[92:], 1) // the change counter that the next belongs to
	binary.BigEndian.PutUint32(p[96:], uint32(sqlite3.SQLITE_VERSION_NUMBER))
	p[100] = 13 // a table leaf without cells
	binary.BigEndian.PutUint16(p[105:], uint16(size-overhead))
	return p
}
