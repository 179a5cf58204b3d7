package cryptvfs

import "encoding/binary"

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

// flush seals plain, marks in it what was durable before, and writes it.
func (l *log) flush(frame int64) error {
	binary.BigEndian.PutUint64(l.plain, l.state.writing(frame))
	if err := l.box.seal(l.raw, l.plain, l.place(frame)); err != nil {
		return err
	}
	if err := l.disk.Write(l.os, l.raw, l.offset(frame)); err != nil {
		return err
	}
	l.state.seen(frame, l.commits())
	return nil
}

func (l *log) sync() error {
	if l.head != none {
		return ErrShape
	}
	if err := l.state.writable(); err != nil {
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
	if err := l.state.writable(); err != nil {
		return err
	}
	l.state.inherited.mu.RLock()
	defer l.state.inherited.mu.RUnlock()
	l.head, l.held = none, none
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
	return l.disk.Truncate(l.os, to)
}
