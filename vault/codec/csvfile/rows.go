package csvfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// mostRow bounds the bytes of one row, and by that an unclosed quote.
const mostRow = 1 << 20

// rowError refuses one row.
type rowError struct {
	line   int64
	reason string
}

func (e *rowError) Error() string { return e.reason }

type row struct {
	line  int64 // where it begins, from 1
	cells []string
}

// rows reads RFC 4180, with any delimiter and any line end. It is lenient in
// one thing: a quote within an unquoted cell is a character like any other.
type rows struct {
	r     *bufio.Reader
	delim byte
	line  int64
	cell  []byte
	cells []string
	size  int
}

func newRows(r io.Reader, delim byte) *rows {
	return &rows{r: bufio.NewReaderSize(r, 64<<10), delim: delim, line: 1}
}

// next gives the next row that is not empty; io.EOF after the last, a *rowError
// for one that is broken, after which the next may be read.
func (s *rows) next() (row, error) {
	for {
		start := s.line
		s.cells, s.size = nil, 0
		end, err := s.record()
		var broken *rowError
		if errors.As(err, &broken) {
			broken.line = start
			return row{}, broken
		}
		if err != nil {
			return row{}, err
		}
		if len(s.cells) > 1 || s.cells[0] != "" {
			return row{start, s.cells}, nil
		}
		if end {
			return row{}, io.EOF
		}
	}
}

// record reads cells up to the end of a line; end tells that of the file.
func (s *rows) record() (end bool, err error) {
	for {
		last, err := s.field()
		if err != nil {
			return false, err
		}
		s.cells = append(s.cells, string(s.cell))
		switch last {
		case s.delim:
		case 0:
			return true, nil
		default:
			return false, nil
		}
	}
}

// field reads a cell and gives the byte that ended it: the delimiter, '\n', or
// 0 for the end of the file.
func (s *rows) field() (last byte, err error) {
	s.cell = s.cell[:0]
	c, err := s.byte()
	if err == nil && c == '"' {
		return s.quoted()
	}
	for {
		switch {
		case err == io.EOF:
			return 0, nil
		case err != nil:
			return 0, err
		case c == '\r':
			if next, err := s.r.Peek(1); err != nil || next[0] == '\n' {
				break // part of the line end
			}
			s.line++
			return '\n', nil
		case c == '\n' || c == s.delim:
			return c, nil
		default:
			s.cell = append(s.cell, c)
		}
		if s.size > mostRow {
			return 0, s.skip("a row is over the limit of %d bytes", mostRow)
		}
		c, err = s.byte()
	}
}

// quoted reads a cell whose opening quote has been read.
func (s *rows) quoted() (last byte, err error) {
	for {
		c, err := s.byte()
		switch {
		case err == io.EOF:
			return 0, &rowError{reason: "a quote is not closed"}
		case err != nil:
			return 0, err
		case s.size > mostRow:
			return 0, s.skip("a row is over the limit of %d bytes; perhaps a quote is not closed", mostRow)
		case c != '"':
			s.cell = append(s.cell, c)
			continue
		}
		if c, err = s.byte(); err == io.EOF {
			return 0, nil
		} else if err != nil {
			return 0, err
		}
		if c == '\r' {
			if next, err := s.r.Peek(1); err == nil && next[0] == '\n' {
				c, _ = s.byte()
			} else {
				s.line++
				c = '\n'
			}
		}
		switch c {
		case '"':
			s.cell = append(s.cell, c)
		case '\n', s.delim:
			return c, nil
		default:
			return 0, s.skip("something follows a closing quote")
		}
	}
}

// skip goes to the end of the line.
func (s *rows) skip(format string, args ...any) error {
	for {
		c, err := s.byte()
		if err != nil && err != io.EOF {
			return err
		}
		if err == io.EOF || c == '\n' {
			return &rowError{reason: fmt.Sprintf(format, args...)}
		}
	}
}

func (s *rows) byte() (byte, error) {
	c, err := s.r.ReadByte()
	s.size++
	if c == '\n' && err == nil {
		s.line++
	}
	return c, err
}
