package cryptvfs

import (
	"encoding/binary"
	"os"
)

// Sizes in SQLite's log (https://sqlite.org/fileformat2.html, section 4) and
// in ours. A frame on disk is sealed as a whole: what is known to be durable
// (8 bytes) ‖ SQLite's frame header ‖ the page without its reserved bytes.
const (
	headerSize      = 32
	frameHeaderSize = 24
	markSize        = 8

	frameSalts, frameChecksum   = 8, 16  // in a frame's header
	headerSalts, headerChecksum = 16, 24 // in the log's header
	checksumSize                = 8

	sealedHeaderSize = headerSize + overhead
)

// none says that no frame is meant.
const none = -1

// log is the write-ahead log. SQLite writes a frame's header and then its page;
// both go to disk as one sealed frame. The other accesses it makes (wal.c): the
// page of a frame again when a transaction spilled it before, all headers of
// such a transaction at its end (walRewriteChecksums), whole frames on recovery.
type log struct {
	os    *os.File // nil until it is there: see here
	open  func(create bool) (*os.File, error)
	disk  changes
	state *logState
	box   box
	page  int
	raw   []byte // one sealed frame
	plain []byte // one opened frame: mark ‖ header ‖ page
	head  int64  // the frame whose header lies in plain and waits for its page
	held  int64  // the frame that the last access read whole into plain
	ready []byte // sealed frames, one after the other, that are to be written at once
	first int64  // the frame that ready begins with
}

// mark, header and body are the parts of plain.
func (l *log) header() []byte { return l.plain[markSize : markSize+frameHeaderSize] }
func (l *log) body() []byte   { return l.plain[markSize+frameHeaderSize:] }

// frameAt splits an offset of SQLite's into a frame and the place within it.
func (l *log) frameAt(off int64) (frame, within int64) {
	size := int64(frameHeaderSize + l.page)
	return (off - headerSize) / size, (off - headerSize) % size
}

// offset is where a sealed frame lies.
func (l *log) offset(frame int64) int64 { return sealedHeaderSize + frame*int64(len(l.raw)) }

func (l *log) read(buf []byte, off int64) error {
	err := l.readShape(buf, off)
	if err != nil {
		clear(buf)
	}
	return err
}

func (l *log) readShape(buf []byte, off int64) error {
	if ok, err := l.here(false); err != nil {
		return err
	} else if !ok {
		return errShort
	}
	if l.head != none { // its page must come first
		return ErrShape
	}
	if off < headerSize {
		return l.readHeader(buf, off)
	}
	frame, within := l.frameAt(off)
	switch {
	case within == frameHeaderSize && len(buf) == l.page:
		if err := l.load(frame); err != nil {
			return err
		}
		l.givePage(buf)
		return nil
	case within == 0 && len(buf) == frameHeaderSize+l.page:
		return l.readWhole(buf, frame)
	case within == frameChecksum && len(buf) == checksumSize:
		if err := l.load(frame); err != nil {
			return err
		}
		copy(buf, l.header()[frameChecksum:])
		return nil
	}
	return ErrShape
}

// givePage copies the opened page out; SQLite's checksum covers the reserved
// bytes, which are zeros.
func (l *log) givePage(buf []byte) {
	n := copy(buf, l.body())
	clear(buf[n:])
}

// readHeader serves the log's header: all of it, or its checksum. SQLite syncs
// it before the first frame, so with frames behind it there is no crash that
// leaves another than an authentic one, as long as the disk does not tear its 64
// bytes, which lie in one sector; taking it for an empty log would make SQLite
// delete the log of whoever tries a wrong key.
func (l *log) readHeader(buf []byte, off int64) error {
	whole := off == 0 && len(buf) == headerSize
	if !whole && (off != headerChecksum || len(buf) != checksumSize) {
		return ErrShape
	}
	l.held = none
	raw := l.raw[:sealedHeaderSize]
	got, err := readFull(l.os, raw, 0)
	if err != nil {
		return err
	}
	if got < len(raw) {
		return errShort
	}
	var h [headerSize]byte
	if err := l.box.open(h[:], raw, place{kind: kindLogHeader}); err != nil {
		return err
	}
	if whole {
		l.state.begin(binary.BigEndian.Uint64(h[headerSalts:]))
	}
	copy(buf, h[off:])
	return nil
}

// load opens a frame of the present generation into plain.
func (l *log) load(frame int64) error {
	l.held = none
	if l.isReady(frame) {
		if err := l.writeOut(); err != nil {
			return err
		}
	}
	where := l.place(frame)
	got, err := readFull(l.os, l.raw, l.offset(frame))
	if err != nil {
		return err
	}
	if got < len(l.raw) {
		return where.at(ErrTruncated)
	}
	return l.box.open(l.plain, l.raw, where)
}

func (l *log) place(frame int64) place {
	return place{kind: kindFrame, number: frame, generation: l.state.generation()}
}

// readWhole serves recovery and walRewriteChecksums. In recovery the first frame
// that is torn or of an older generation ends the log: it reads as zeros, which
// SQLite takes for that. But if a later frame proves that this one was durable,
// the log was damaged, and going on would lose acknowledged commits without a
// word. In a rewrite, the zeros make the header that follows fail.
func (l *log) readWhole(buf []byte, frame int64) error {
	err := l.load(frame)
	switch {
	case err == nil:
		copy(buf, l.header())
		l.givePage(buf[frameHeaderSize:])
		l.state.seen(frame, l.commits())
		l.held = frame
	case !IsAuth(err):
		return err
	default:
		durable, err := l.proves(frame)
		if err != nil {
			return err
		}
		if durable {
			return l.place(frame).at(ErrLogDamaged)
		}
		clear(buf)
	}
	return nil
}

// proves looks behind a frame for one of this generation that was written when
// that frame was already durable. What cannot be read is an error: it could be
// the proof. It spoils plain.
func (l *log) proves(frame int64) (bool, error) {
	if err := l.writeOut(); err != nil {
		return false, err
	}
	end, err := fileSize(l.os)
	if err != nil {
		return false, err
	}
	for f := frame + 1; l.offset(f+1) <= end; f++ {
		switch err := l.load(f); {
		case err == nil && binary.BigEndian.Uint64(l.plain) > uint64(frame):
			return true, nil
		case err != nil && !IsAuth(err):
			return false, err
		}
	}
	return false, nil
}

// complete tells whether the frame in plain has its checksum: once a transaction
// wrote a frame twice, SQLite leaves salts and checksums of the following ones
// zero until the transaction ends.
func (l *log) complete() bool {
	return binary.BigEndian.Uint64(l.header()[frameSalts:]) == l.state.generation()
}

// commits tells whether the frame in plain ends a transaction: it then carries
// the database's size in pages.
func (l *log) commits() bool {
	return l.complete() && binary.BigEndian.Uint32(l.header()[4:]) != 0
}
