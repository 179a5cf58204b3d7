package strength

import (
	"math"
	"unicode"
	"unicode/utf8"

	"phivault/crypto/secret"
)

// match says that runes i to j, inclusive, can be guessed in so many tries.
type match struct {
	i, j    int
	guesses float64
	warning string
}

// Warnings, worded for the person who chose the passphrase.
const (
	warnCommon   = "it contains a common passphrase"
	warnWord     = "it contains a common word"
	warnName     = "it contains a name"
	warnRepeat   = "it repeats itself"
	warnSequence = "it contains a sequence"
	warnKeyboard = "it follows the keyboard"
	warnDate     = "it contains a date or a year"
)

func (x lexicon) matches(text []rune) []match {
	lower := make([]rune, len(text))
	plain := make([]rune, len(text))
	defer wipeRunes(lower)
	defer wipeRunes(plain)
	for i, r := range text {
		lower[i] = unicode.ToLower(r)
		plain[i] = lower[i]
		if s, ok := leet[lower[i]]; ok {
			plain[i] = s
		}
	}
	var m []match
	m = x.dictionary(m, text, lower, lower, false)
	m = x.dictionary(m, text, lower, plain, false)
	m = x.dictionary(m, text, lower, plain, true)
	m = x.spatial(m, text)
	m = sequences(m, text)
	m = dates(m, text)
	return x.repeats(m, text)
}

// leet is the usual reading of each substitute.
var leet = map[rune]rune{
	'4': 'a', '@': 'a', '8': 'b', '(': 'c', '3': 'e', '6': 'g', '1': 'i', '!': 'i',
	'0': 'o', '$': 's', '5': 's', '7': 't', '+': 't', '2': 'z', '|': 'l',
}

// dictionary looks up every part of read, which is lower with or without its
// substitutes, forwards or backwards.
func (x lexicon) dictionary(m []match, text, lower, read []rune, backwards bool) []match {
	n := len(read)
	enc := make([]byte, 0, n*utf8.UTFMax) // lent to map lookups, which do not copy it
	defer func() { secret.Wipe(enc[:cap(enc)]) }()
	offset := make([]int, 0, n+1)
	for i := range read {
		offset = append(offset, len(enc))
		r := read[i]
		if backwards {
			r = read[n-1-i]
		}
		enc = utf8.AppendRune(enc, r)
	}
	offset = append(offset, len(enc))
	for a := range n {
		for b := a; b < n && offset[b+1]-offset[a] <= x.longest; b++ {
			e, ok := x.words[string(enc[offset[a]:offset[b+1]])]
			if !ok {
				continue
			}
			i, j, factor := a, b, 1.0
			if backwards {
				i, j, factor = n-1-b, n-1-a, 2
			}
			guesses := float64(e.rank) * factor * cased(text[i:j+1]) * substituted(lower[i:j+1], read[i:j+1])
			m = append(m, match{i, j, guesses, [...]string{passphrases: warnCommon, english: warnWord, names: warnName}[e.list]})
		}
	}
	return m
}

// cased counts the ways to capitalise: 2 for the usual places, else the
// choices of that many among all letters.
func cased(t []rune) float64 {
	upper, lower := 0, 0
	for _, r := range t {
		switch {
		case unicode.IsUpper(r):
			upper++
		case unicode.IsLower(r):
			lower++
		}
	}
	if upper == 0 {
		return 1
	}
	if lower == 0 || upper == 1 && (unicode.IsUpper(t[0]) || unicode.IsUpper(t[len(t)-1])) {
		return 2
	}
	return choices(upper, lower)
}

// substituted counts the ways to substitute as many letters as were.
func substituted(lower, read []rune) float64 {
	changed := 0
	for i := range lower {
		if lower[i] != read[i] {
			changed++
		}
	}
	if changed == 0 {
		return 1
	}
	return max(2, choices(changed, len(lower)-changed))
}

// choices is the sum of (a+b over k) for k up to the smaller of a and b.
func choices(a, b int) float64 {
	sum, term := 0.0, 1.0
	for k := 1; k <= min(a, b); k++ {
		term *= float64(a+b-k+1) / float64(k)
		sum += term
	}
	return max(1, sum)
}

// sequences finds runs with a constant step, such as abcd or 97531.
func sequences(m []match, text []rune) []match {
	for i := 0; i+2 < len(text); {
		step := text[i+1] - text[i]
		j := i + 1
		for j+1 < len(text) && text[j+1]-text[j] == step {
			j++
		}
		if j-i >= 2 && step != 0 && step >= -5 && step <= 5 {
			base := 26.0
			switch first := text[i]; {
			case first == 'a' || first == 'A' || first == 'z' || first == 'Z' || first == '0' || first == '1' || first == '9':
				base = 4
			case unicode.IsDigit(first):
				base = 10
			}
			if step < 0 {
				base *= 2
			}
			m = append(m, match{i, j, base * float64(j-i+1), warnSequence})
		}
		i = j
	}
	return m
}

// repeats finds a part that follows itself, such as abcabc, and charges for the
// part once.
func (x lexicon) repeats(m []match, text []rune) []match {
	for i := range text {
		for size := 1; i+2*size <= len(text); size++ {
			count := 1
			for end := i + (count+1)*size; end <= len(text) && same(text[i:i+size], text[end-size:end]); end += size {
				count++
			}
			if count < 2 || size*count < 3 {
				continue
			}
			base := x.partGuesses(m, i, size)
			m = append(m, match{i, i + count*size - 1, base * float64(count), warnRepeat})
		}
	}
	return m
}

// partGuesses is the price of one part of a repeat: its cheapest whole match,
// or brute force.
func (x lexicon) partGuesses(m []match, i, size int) float64 {
	best := math.Pow(bruteForce, float64(size)) + 1
	for _, have := range m {
		if have.i == i && have.j == i+size-1 {
			best = min(best, have.guesses)
		}
	}
	return best
}

func same(a, b []rune) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func wipeRunes(r []rune) { clear(r) }
