package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"phivault/tui/plain"
	"phivault/vault"
)

// sink is stdout or stderr: buffered, and knowing whether a person looks at it.
type sink struct {
	w     *bufio.Writer
	tty   bool
	cols  int  // of the terminal; 0 when unknown or none
	color bool // may use SGR
	dumb  bool // may not move the cursor
	utf8  bool // may use more than ASCII for decoration
	short bool // is for people, though no terminal: ids may be cut
	null  bool // is the null device; the runtime opens it in place of a closed descriptor
	file  bool // is a file that appears when it is whole
	err   error
}

func newSink(f *os.File, env func(string) string) *sink {
	s := &sink{w: bufio.NewWriterSize(f, 32<<10), utf8: true}
	s.null = isNull(f)
	if term.IsTerminal(int(f.Fd())) {
		s.tty = true
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			s.cols = w
		}
		s.dumb = env("TERM") == "dumb"
		s.color = !s.dumb && env("NO_COLOR") == ""
		s.utf8 = utf8Locale(env)
	}
	return s
}

func isNull(f *os.File) bool {
	null, err := os.Stat(os.DevNull)
	if err != nil {
		return false
	}
	fi, err := f.Stat()
	return err == nil && os.SameFile(fi, null)
}

// utf8Locale follows the order of precedence of POSIX, 8.2.
func utf8Locale(env func(string) string) bool {
	if runtime.GOOS != "linux" {
		return true
	}
	for _, v := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if l := env(v); l != "" {
			l = strings.ToLower(strings.ReplaceAll(l, "-", ""))
			return strings.Contains(l, "utf8")
		}
	}
	return false
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	return n, s.keep(err)
}

func (s *sink) flush() error { return s.keep(s.w.Flush()) }

func (s *sink) keep(err error) error {
	if err != nil && s.err == nil {
		s.err = err
		switch {
		case brokenPipe(err):
			s.err = errPipeClosed
		case !s.file:
			s.err = &fault{code: "output", why: "the output could not be written: " + reason(err), cause: err}
		}
	}
	return s.err
}

func isPipeClosed(err error) bool { return errors.Is(err, errPipeClosed) }

// id is as much of an id as names what it is of, n letters, where a person looks; where a
// program may read it is whole.
func (s *sink) id(id string, n int) string {
	if s.tty || s.short {
		return id[:min(n, len(id))]
	}
	return id
}

// record is the id of a record.
func (s *sink) record(id vault.RecordID) string {
	if id.IsZero() {
		return "–"
	}
	return s.id(id.String(), shortLength)
}

// sgr paints s when colours are wanted.
func (s *sink) sgr(code, text string) string {
	if !s.color || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// writeJSON writes v as one line, in a form that no terminal acts on.
func writeJSON(s *sink, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := s.Write(plain.JSON(b.Bytes()))
	return err
}
