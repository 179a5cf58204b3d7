package identity

import (
	"crypto/sha256"
	_ "embed"
	"strings"
	"sync"
)

// The English word list of BIP 39 (2,048 words, MIT licence): no two words share
// their first four letters.
//
//go:embed words.txt
var wordText string

const (
	wordCount  = 12
	wordBits   = 11
	checkCount = 8
)

var wordList = sync.OnceValue(func() []string { return strings.Fields(wordText) })

// Words is the form to read aloud: 12 words for the secret alone, 11 bits each, of
// the 128 bits of the secret and the first 4 of its SHA-256 (BIP 39).
func (i Invitation) Words() string {
	sum := sha256.Sum256(i.Secret[:])
	b := append(i.Secret[:len(i.Secret):len(i.Secret)], sum[0])
	return strings.Join(wordsOf(b, wordCount), " ")
}

// wordsOf takes n words from the first bits of b.
func wordsOf(b []byte, n int) []string {
	words := make([]string, n)
	for w := range words {
		x := 0
		for bit := w * wordBits; bit < (w+1)*wordBits; bit++ {
			x = x<<1 | int(b[bit/8]>>(7-bit%8)&1)
		}
		words[w] = wordList()[x]
	}
	return words
}

// CheckWords are the 8 words that the new device shows and the member types: the
// first 88 bits of SHA-256("phivault/join/words/v1" ‖ secret ‖ request), 11 a word.
// Whoever holds the invitation can make requests at will and compute their words,
// so these must be too many to try: few digits would be met within a second.
func (i Invitation) CheckWords(request []byte) string {
	h := sha256.New()
	h.Write([]byte(checkLabel))
	h.Write(i.Secret[:])
	h.Write(request)
	return strings.Join(wordsOf(h.Sum(nil), checkCount), " ")
}

// SameWords reports whether typed are the check words: all of them, in order, of
// each at least the first four letters, in any case and spacing.
func SameWords(typed, words string) bool {
	f := strings.Fields(strings.ToLower(typed))
	if len(f) != checkCount {
		return false
	}
	for _, w := range f {
		if findWord(w) < 0 {
			return false
		}
	}
	return canonicalWords(f) == words
}

// parseWords takes a word's first four letters for the word.
func parseWords(text string) (i Invitation, err error) {
	words := strings.Fields(strings.ToLower(text))
	if len(words) != wordCount {
		return Invitation{}, ErrInvitation
	}
	var b [InviteSize + 1]byte
	for w, word := range words {
		n := findWord(word)
		if n < 0 {
			return Invitation{}, ErrInvitation
		}
		for bit := range wordBits {
			at := w*wordBits + bit
			b[at/8] |= byte(n>>(wordBits-1-bit)&1) << (7 - at%8)
		}
	}
	copy(i.Secret[:], b[:])
	if i.Words() != canonicalWords(words) {
		return Invitation{}, ErrInvitation
	}
	return i, nil
}

// UnknownWord gives the place, from 1, of the first word that is not in the list; 0
// when all are.
func UnknownWord(text string) int {
	for n, w := range strings.Fields(strings.ToLower(text)) {
		if findWord(w) < 0 {
			return n + 1
		}
	}
	return 0
}

func canonicalWords(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = wordList()[findWord(w)]
	}
	return strings.Join(out, " ")
}

func findWord(word string) int {
	for n, w := range wordList() {
		if w == word || len(word) >= 4 && len(w) >= 4 && w[:4] == word[:4] && strings.HasPrefix(w, word) {
			return n
		}
	}
	return -1
}
