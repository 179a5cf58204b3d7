package cryptvfs

import (
	"encoding/binary"
	"slices"
)

func (l *log) write(buf []byte, off int64) error {
	l.state.inherited.mu.RLock()
	defer l.state.inherited.mu.RUnlock()
	err := l.writeShape(buf, off)
	if err != nil {
		l.head = none
	}
	return err
}

func (l *log) writeShape(buf []byte, off int64) error {
	if err := l.state.writable(); err != nil {
		return err
	}
	if _, err := l.here(true); err != nil {
		return err
	}
	if off == 0 && len(buf) == headerSize {
		return l.writeHeader(buf)
	}
	if off < headerSize {
		return ErrShape
	}
	frame, within := l.frameAt(off)
	switch {
	case within == 0 && len(buf) == frameHeaderSize:
		return l.writeFrameHeader(buf, frame)
	case within == frameHeaderSize && len(buf) == l.page:
		return l.writePage(buf, frame)
	}
	return ErrShape
}

func (l *log) writeHeader(buf []byte) error {
	l.head, l.held = none, none
	l.state.takeOver(l)
	l.ready = l.ready[:0] // of a transaction that came to nothing
	raw := l.raw[:sealedHeaderSize]
	if err := l.box.seal(raw, buf, place{kind: kindLogHeader}); err != nil {
		return err
	}
	if err := l.disk.Write(l.os, raw, 0); err != nil {
		return err
	}
	l.state.begin(binary.BigEndian.Uint64(buf[headerSalts:]))
	return nil
}

// writeFrameHeader keeps the header until its page comes. Only
// walRewriteChecksums writes a header alone, straight after reading the frame.
func (l *log) writeFrameHeader(buf []byte, frame int64) error {
	rewrite := l.held == frame
	l.held = none
	copy(l.header(), buf)
	if rewrite {
		l.head = none
		return l.flush(frame)
	}
	l.head = frame
	return nil
}

// writePage seals the page with the header that came before it, or replaces the
// page of a frame that this transaction wrote before.
func (l *log) writePage(buf []byte, frame int64) error {
	head := l.head
	l.head = none
	body := l.page - overhead
	if !allZero(buf[body:]) {
		return ErrShape
	}
	switch head {
	case frame:
	case none:
		if err := l.load(frame); err != nil {
			return err
		}
	default:
		return ErrShape
	}
	copy(l.body(), buf[:body])
	return l.flush(frame)
}

// readyFrames is how many frames are written at once at most.
const readyFrames = 32

// flush seals plain and marks in it what was durable before. The frame goes to the file
// with those before it, at the latest when it ends a transaction: nobody else reads a
// frame before that, and this handle writes it first (load).
func (l *log) flush(frame int64) error {
	l.state.takeOver(l)
	binary.BigEndian.PutUint64(l.plain, l.state.writing(frame))
	size := len(l.raw)
	if n := len(l.ready); n > 0 && (frame != l.first+int64(n/size) || n >= readyFrames*size) {
		if err := l.writeOut(); err != nil {
			return err
		}
	}
	if len(l.ready) == 0 {
		l.first = frame
	}
	n := len(l.ready)
	l.ready = slices.Grow(l.ready, size)[:n+size]
	if err := l.box.seal(l.ready[n:], l.plain, l.place(frame)); err != nil {
		l.ready = l.ready[:n]
		return err
	}
	if !l.commits() {
		return nil
	}
	small := l.first == l.state.mark().committed // all of the transaction is written at once
	if err := l.writeOut(); err != nil {
		return err
	}
	if small {
		l.lengthen(l.offset(frame + 1))
	}
	l.state.seen(frame, true)
	return nil
}

// isReady tells whether a frame waits to be written.
func (l *log) isReady(frame int64) bool {
	return len(l.ready) > 0 && frame >= l.first && frame < l.first+int64(len(l.ready)/len(l.raw))
}

// writeOut writes what waits, unless another handle has written since: after a
// rollback nobody says that it is no more. After an error SQLite gives the
// transaction up.
func (l *log) writeOut() error {
	if len(l.ready) == 0 {
		return nil
	}
	b := l.ready
	l.ready = l.ready[:0]
	l.state.out.Lock()
	defer l.state.out.Unlock()
	if l.state.writer != l {
		return nil
	}
	return l.disk.Write(l.os, b, l.offset(l.first))
}

// logRoom is by how many bytes the log is made longer at once.
const logRoom = 256 << 10

var zeros [logRoom]byte // never written to

// lengthen puts zeros behind a small transaction that made the log longer, so that the
// next ones need not: a sync of a file that grows takes about twice as long as that of one
// that is written over. Nothing depends on it. Zeros are no frame: recovery ends there.
// What large transactions write is much, and seldom synced.
func (l *log) lengthen(end int64) {
	s := l.state
	s.out.Lock()
	defer s.out.Unlock()
	if end <= s.long {
		return
	}
	size, err := fileSize(l.os)
	if s.long = size; err != nil || size > end {
		return
	}
	if l.disk.Write(l.os, zeros[:], end) != nil {
		_ = l.disk.Truncate(l.os, end) // a full disk's last bytes are others' as well
		return
	}
	s.long = end + logRoom
}

func (l *log) sync() error {
	if l.head != none {
		return ErrShape
	}
	if ok, err := l.here(false); !ok {
		return err
	}
	if err := l.state.writable(); err != nil {
		return err
	}
	l.state.inherited.mu.RLock()
	err := l.writeOut()
	l.state.inherited.mu.RUnlock()
	if err != nil {
		return err
	}
	if err := l.adopt(); err != nil {
		return err
	}
	mark := l.state.mark()
	if err := l.state.fileState.sync(l.disk, l.os); err != nil {
		return err
	}
	l.state.durable(mark)
	return nil
}

// size is the size SQLite would see: what is less than a frame or the header is
// the rest of a torn write and counts for nothing.
func (l *log) size() (int64, error) {
	if ok, err := l.here(false); !ok {
		return 0, err
	}
	if err := l.writeOut(); err != nil {
		return 0, err
	}
	n, err := fileSize(l.os)
	if err != nil || n < int64(sealedHeaderSize) {
		return 0, err
	}
	return headerSize + (n-sealedHeaderSize)/int64(len(l.raw))*int64(frameHeaderSize+l.page), nil
}

// truncate keeps whole frames only: SQLite cuts the log to zero or to its
// journal_size_limit, when nothing behind is needed.
func (l *log) truncate(size int64) error {
	if size < 0 {
		return ErrShape
	}
	if ok, err := l.here(false); !ok {
		return err
	}
	if err := l.state.writable(); err != nil {
		return err
	}
	l.state.inherited.mu.RLock()
	defer l.state.inherited.mu.RUnlock()
	l.head, l.held = none, none
	if err := l.writeOut(); err != nil {
		return err
	}
	to := int64(0)
	if size > headerSize {
		frames, within := l.frameAt(size)
		if within != 0 {
			frames++ // never cut a frame that SQLite meant to keep a part of
		}
		have, err := fileSize(l.os)
		if err != nil {
			return err
		}
		to = min(l.offset(frames), have)
	}
	l.state.shorter()
	return l.disk.Truncate(l.os, to)
}
