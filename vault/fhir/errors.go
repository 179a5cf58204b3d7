package fhir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

// SyntaxError says why bytes are no resource that can be taken in. It holds
// nothing of them. errors.Is finds vault.ErrLimit when a limit was met.
type SyntaxError struct {
	Offset int64  // in bytes, of where the reading stopped
	Reason string // a clause in plain words
	limit  bool
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// Unwrap gives vault.ErrLimit for what is too deep or too large, else nil.
func (e *SyntaxError) Unwrap() error {
	if e.limit {
		return vault.ErrLimit
	}
	return nil
}

func refuse(offset int, reason string) error {
	return &SyntaxError{Offset: int64(offset), Reason: reason}
}

func overLimit(offset int, reason string) error {
	return &SyntaxError{Offset: int64(offset), Reason: reason, limit: true}
}

const unquotedName = "a member name is not in double quotes"

// explain turns an error of jsontext, whose text quotes names and characters of
// the input, into one that does not.
func explain(json []byte, err error) error {
	var s *jsontext.SyntacticError
	if !errors.As(err, &s) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return refuse(len(json), "it ends too early")
		}
		return refuse(0, "it is not valid JSON")
	}
	at := int(min(max(s.ByteOffset, 0), int64(len(json))))
	switch {
	case errors.Is(s.Err, jsontext.ErrDuplicateName):
		return refuse(at, "a member name occurs twice in one object")
	case errors.Is(s.Err, jsontext.ErrNonStringName):
		return refuse(at, unquotedName)
	case errors.Is(s.Err, io.ErrUnexpectedEOF), errors.Is(s.Err, io.EOF):
		return refuse(len(json), "it ends too early")
	}
	rest, text := json[at:], s.Err.Error()
	if r, n := utf8.DecodeRune(rest); r == utf8.RuneError && n == 1 || strings.Contains(text, "UTF-8") {
		return refuse(at, "the text is not valid UTF-8")
	}
	switch {
	case len(rest) == 0:
		return refuse(at, "it ends too early")
	case rest[0] == '\\':
		return refuse(at, "a string has an invalid escape or half a surrogate pair")
	case rest[0] < ' ' && strings.Contains(text, "in string"):
		return refuse(at, "a string has a bare control character")
	case rest[0] == '/':
		return refuse(at, "comments are not JSON")
	case bytes.HasSuffix(bytes.TrimRight(json[:at], " \t\r\n"), []byte("{")) && (rest[0] == '\'' || rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z'):
		return refuse(at, unquotedName)
	case strings.Contains(text, "in number"):
		return refuse(at, "a number is not written as JSON asks")
	case strings.Contains(text, "after object value"), strings.Contains(text, "after array element"):
		return refuse(at, "a comma or a closing bracket is missing")
	}
	return refuse(at, "it is not valid JSON")
}
