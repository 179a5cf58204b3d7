package fhirjson

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// windowSize is how much of the file is in memory beside the resource at hand.
const windowSize = 256 << 10

// mark is a place in the file: a byte offset from 0, line and column from 1.
// Columns count bytes.
type mark struct{ offset, line, column int64 }

// source is a window on a file. With byLine, the end of a line looks like the
// end of the file until nextLine.
type source struct {
	ctx context.Context
	r   io.Reader
	err error // what ended reading: io.EOF, or why not

	buf           []byte
	pos, lim, end int   // buf[pos:lim] can be read now, buf[pos:end] is there
	base          int64 // offset of buf[0]
	byLine        bool

	counted, line, lineStart int64 // newlines before counted; offset where the line began
}

func newSource(ctx context.Context, r io.Reader) *source {
	return &source{ctx: ctx, r: r, buf: make([]byte, windowSize), line: 1}
}

func (s *source) window() []byte { return s.buf[s.pos:s.lim] }
func (s *source) offset() int64  { return s.base + int64(s.pos) }

// more makes the window non-empty; false at the end of what may be read.
func (s *source) more() bool {
	if s.pos < s.lim {
		return true
	}
	if s.lim < s.end {
		return false // at the end of a line
	}
	return s.refill()
}

// refill reads on, keeping what is unread.
func (s *source) refill() bool {
	if s.err != nil {
		return false
	}
	if s.pos > 0 {
		s.count(s.offset())
		s.base += int64(s.pos)
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if s.err = s.ctx.Err(); s.err != nil {
		s.limit()
		return false
	}
	for tries := 0; ; tries++ {
		n, err := s.r.Read(s.buf[s.end:])
		if n < 0 || n > len(s.buf)-s.end {
			panic("fhirjson: reader returned an invalid count")
		}
		s.end += n
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF // cut short: the same to us
		}
		if err == nil && n == 0 && tries > 100 {
			err = io.ErrNoProgress
		}
		s.err = err
		if n > 0 || err != nil {
			s.limit()
			return n > 0 && s.pos < s.lim
		}
	}
}

// limit sets lim after pos, end or byLine changed.
func (s *source) limit() {
	s.lim = s.end
	if s.byLine {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); i >= 0 {
			s.lim = s.pos + i
		}
	}
}

// peek gives up to n bytes without moving; fewer at the end of what may be read.
func (s *source) peek(n int) []byte {
	for s.lim-s.pos < n && s.lim == s.end {
		if !s.refill() {
			break
		}
	}
	return s.buf[s.pos:min(s.pos+n, s.lim)]
}

// nextLine goes to the beginning of the next line; false at the end of the file.
func (s *source) nextLine() bool {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); i >= 0 {
			s.pos += i + 1
			s.limit()
			return s.pos < s.end || s.refill() || s.pos < s.end
		}
		s.pos = s.end
		s.lim = s.end
		if !s.refill() && s.pos == s.end {
			return false
		}
	}
}

// count brings line and lineStart up to the offset to, which is in the buffer.
func (s *source) count(to int64) {
	if to <= s.counted {
		return
	}
	p := s.buf[s.counted-s.base : to-s.base]
	if n := bytes.Count(p, []byte{'\n'}); n > 0 {
		s.line += int64(n)
		s.lineStart = s.counted + int64(bytes.LastIndexByte(p, '\n')) + 1
	}
	s.counted = to
}

func (s *source) mark() mark {
	at := s.offset()
	s.count(at)
	return mark{at, s.line, at - s.lineStart + 1}
}
