package widget

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"phivault/crypto/secret"
)

// secretMost is the longest passphrase, in bytes.
const secretMost = 1024

// Secret is an input whose text is never shown and lives in wiped memory only.
type Secret struct {
	Limit int           // bytes; 0 is 1024
	b     *secret.Bytes // as many as the limit, of which n are used
	n     int
}

func (s *Secret) limit() int {
	if s.Limit > 0 {
		return s.Limit
	}
	return secretMost
}

// Key edits the end of it; done is false for keys that are not its own.
func (s *Secret) Key(key, text string) (done bool) {
	switch key {
	case "backspace", "ctrl+h":
		if s.n > 0 {
			b := s.b.Bytes()
			_, size := utf8.DecodeLastRune(b[:s.n])
			clear(b[s.n-size : s.n])
			s.n -= size
		}
	case "ctrl+u":
		s.Wipe()
	default:
		if text == "" {
			return false
		}
		s.Paste(text)
	}
	return true
}

// Paste appends the first line of text; ok is false when it does not fit, and
// then nothing is taken.
func (s *Secret) Paste(text string) (ok bool) {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		text = text[:i]
	}
	if len(text) > s.limit()-s.n || strings.IndexFunc(text, unicode.IsControl) >= 0 {
		return false
	}
	if s.b == nil {
		s.b = secret.New(s.limit())
	}
	s.n += copy(s.b.Bytes()[s.n:], text)
	return true
}

// Len is the number of characters typed.
func (s *Secret) Len() int {
	if s.n == 0 {
		return 0
	}
	return utf8.RuneCount(s.b.Bytes()[:s.n])
}

// Copy gives what was typed; the caller destroys it.
func (s *Secret) Copy() *secret.Bytes {
	out := secret.New(s.n)
	if s.n > 0 {
		copy(out.Bytes(), s.b.Bytes()[:s.n])
	}
	return out
}

// Draw draws a dot a character, at most w of them.
func (s *Secret) Draw(w int, cursor func(string) string) string {
	n := min(s.Len(), max(w-1, 0))
	dots := strings.Repeat("•", n)
	if cursor == nil {
		return Fit(dots, w)
	}
	return dots + cursor(" ") + strings.Repeat(" ", max(0, w-n-1))
}

// Wipe forgets what was typed.
func (s *Secret) Wipe() {
	if s.b != nil {
		s.b.Destroy()
	}
	s.b, s.n = nil, 0
}
