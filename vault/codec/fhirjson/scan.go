package fhirjson

import (
	"bytes"
	"errors"
	"fmt"

	"phivault/vault"
)

// fault is broken syntax at a place.
type fault struct {
	at     mark
	reason string
}

func (f *fault) Error() string { return f.reason }

// errEnded is the end of the file, of the line or of what could be read.
var errEnded = errors.New("it ends in the middle")

func overSize(most int64) string { return fmt.Sprintf("it is over the limit of %d bytes", most) }

// mostDepth is where even skipping gives up: it bounds the stack.
const mostDepth = 64 << 10

// Classes of bytes outside strings.
const (
	plain = iota
	quote
	opens
	closes
	joins
)

var class = [256]byte{'"': quote, '{': opens, '[': opens, '}': closes, ']': closes, ':': joins, ',': joins}

// scanner passes over JSON values and keeps their bytes. It finds where a value
// ends by quotes and brackets alone and leaves the judgement of its syntax to
// fhir.Parse: so a value with a fault inside does not take its neighbours along.
type scanner struct {
	src   *source
	max   int64 // bytes to keep of a value
	depth int
	cut   *cutOptions // nil: no attachments are cut out

	keep  bool
	buf   []byte // the value's bytes, without what was cut out
	cuts  []vault.Cut
	heads [][]byte // for each cut, how it begins when it may be text
	over  string   // why the value cannot be kept; "" while it can
	stack []byte
}

func (s *scanner) reset(keep bool) {
	s.keep, s.over = keep, ""
	s.buf, s.cuts, s.heads = s.buf[:0], nil, nil
}

// drop gives up the value: it is passed over from here on.
func (s *scanner) drop(reason string) {
	if s.over == "" {
		s.over = reason
	}
	s.buf, s.cuts, s.heads = s.buf[:0], nil, nil
}

func (s *scanner) keeping() bool { return s.keep && s.over == "" }

// take moves over n bytes of the window and keeps them.
func (s *scanner) take(n int) {
	if s.keeping() {
		if int64(len(s.buf)+n) > s.max {
			s.drop(overSize(s.max))
		} else {
			s.add(s.src.buf[s.src.pos : s.src.pos+n])
		}
	}
	s.src.pos += n
}

// add keeps p. A large buffer grows in few steps, as each leaves garbage of its
// size behind, and stays until the file has been read.
func (s *scanner) add(p []byte) {
	if need := len(s.buf) + len(p); need > cap(s.buf) && need > 1<<20 {
		b := make([]byte, len(s.buf), max(int64(need), min(4*int64(need), s.max)))
		copy(b, s.buf)
		s.buf = b
	}
	s.buf = append(s.buf, p...)
}

func (s *scanner) fault(reason string) error { return &fault{s.src.mark(), reason} }

// space passes over white space and gives the byte that follows; errEnded when
// nothing does.
func (s *scanner) space() (byte, error) {
	for s.src.more() {
		w, i := s.src.window(), 0
		for i < len(w) && (w[i] == ' ' || w[i] == '\n' || w[i] == '\t' || w[i] == '\r') {
			i++
		}
		s.take(i)
		if i < len(w) {
			return w[i], nil
		}
	}
	return 0, errEnded
}

// value passes over the value that begins here.
func (s *scanner) value() error {
	switch s.src.window()[0] {
	case '{', '[':
		return s.rest(s.stack[:0], 0)
	case '"':
		return s.text(true)
	}
	return s.scalar()
}

// object passes over the rest of an object whose members have begun.
func (s *scanner) object() error { return s.rest(append(s.stack[:0], '{'), ':') }

// rest passes over everything until the brackets on stack are closed. last is
// the structural byte before.
func (s *scanner) rest(stack []byte, last byte) error {
	defer func() { s.stack = stack }()
window:
	for s.src.more() {
		w := s.src.window()
		for i := 0; i < len(w); i++ {
			switch c := w[i]; class[c] {
			case quote:
				tail := w[i+1:]
				if n := bytes.IndexByte(tail, '"'); n >= 0 && n < vault.CutAt && bytes.IndexByte(tail[:n], '\\') < 0 {
					i += n + 1
					continue
				}
				s.take(i)
				if err := s.text(last == ':'); err != nil {
					return err
				}
				continue window
			case opens:
				if len(stack) >= s.depth && s.keeping() {
					s.drop("it is nested too deeply")
				}
				if len(stack) >= mostDepth {
					s.take(i)
					return s.fault("brackets are nested too deeply to go on")
				}
				stack, last = append(stack, c), c
			case closes:
				if n := len(stack); stack[n-1] != c-2 { // '{' and '[' are two below their partners
					s.take(i)
					return s.fault("a closing bracket does not match the one that was opened")
				} else if stack = stack[:n-1]; n == 1 {
					s.take(i + 1)
					return nil
				}
			case joins:
				last = c
			}
		}
		s.take(len(w))
	}
	return errEnded
}

// scalar passes over a number or literal; a stray byte is passed over, too, and
// left to the parser.
func (s *scanner) scalar() error {
	for first := true; s.src.more(); first = false {
		w, i := s.src.window(), 0
		if first {
			i = 1
		}
		for i < len(w) && w[i] > ' ' && class[w[i]] == plain {
			i++
		}
		s.take(i)
		if i < len(w) {
			return nil
		}
	}
	return errEnded
}

// text passes over the string that begins here. A cuttable one is tried as an
// attachment once it is long enough.
func (s *scanner) text(cuttable bool) error {
	s.take(1)
	start := len(s.buf)
	try := cuttable && s.cut != nil
	var c *cutter
	defer func() {
		if c != nil {
			c.abort()
		}
	}()
	for s.src.more() {
		seg, most := s.src.window(), 4<<10 // bounds what is looked at again after each escape
		if c != nil {
			most = 64 << 10 // an escape ends it
		}
		seg = seg[:min(len(seg), most)]
		stop := byte(0)
		if i := bytes.IndexByte(seg, '\\'); i >= 0 {
			seg, stop = seg[:i], '\\'
		}
		if i := bytes.IndexByte(seg, '"'); i >= 0 {
			seg, stop = seg[:i], '"'
		}
		switch {
		case c != nil:
			if err := s.feed(&c, seg, start, stop); err != nil {
				return err
			}
		default:
			s.take(len(seg))
			if try && s.keeping() && len(s.buf)-start >= vault.CutAt {
				try = false
				if err := s.begin(&c, start, stop); err != nil {
					return err
				}
			}
		}
		switch stop {
		case '"':
			s.take(1)
			return nil
		case '\\':
			try = false
			s.take(1)
			if !s.src.more() {
				return errEnded
			}
			s.take(1)
		}
	}
	return errEnded
}
