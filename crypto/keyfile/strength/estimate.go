package strength

import (
	"math"
	"unicode/utf8"

	"phivault/crypto/secret"
)

// Estimate is what an attacker who knows the usual habits needs.
type Estimate struct {
	Score        int     // 0 to 4: under 10^3, 10^6, 10^8, 10^10 guesses, and more
	GuessesLog10 float64 // decimal logarithm of the guesses
	Warning      string  // what makes it weak, for scores under 3; may be empty
}

// Limit is how many characters are looked at: more only add strength, and the
// work grows with their square.
const Limit = 100

const (
	bruteForce = 10 // guesses for a character that nothing explains
	// newPart is the price of every further part, because an attacker must also
	// guess how many there are and which.
	newPart = 10_000
)

// Of estimates a passphrase. The first call decodes the word lists.
func Of(passphrase *secret.Bytes) Estimate {
	text := runes(passphrase.Bytes())
	defer wipeRunes(text)
	if len(text) == 0 {
		return Estimate{Warning: "it is empty"}
	}
	guesses, warning := cheapest(len(text), load().matches(text))
	e := Estimate{GuessesLog10: math.Log10(guesses)}
	for _, limit := range []float64{1e3, 1e6, 1e8, 1e10} {
		if guesses >= limit+5 {
			e.Score++
		}
	}
	if e.Score < 3 {
		e.Warning = warning
	}
	return e
}

func runes(b []byte) []rune {
	text := make([]rune, 0, Limit)
	for len(b) > 0 && len(text) < Limit {
		r, size := utf8.DecodeRune(b)
		text = append(text, r)
		b = b[size:]
	}
	return text
}

// cover holds the cheapest ways to cover the runes up to some place, by the
// number of parts.
type cover [maxParts + 1]step

// maxParts is enough: newPart^maxParts is more than brute force ever costs.
const maxParts = 26

// step is zero where there is no such cover.
type step struct {
	product float64 // of the parts' guesses
	total   float64
	last    match
}

// cheapest covers n runes by matches and brute force at the least price, which
// for parts g1…gl is l! × g1×…×gl + newPart^(l-1), and returns the price and
// the warning of the longest part that was not brute force.
func cheapest(n int, matches []match) (float64, string) {
	best := make([]cover, n)
	ending := make([][]match, n)
	for _, m := range matches {
		ending[m.j] = append(ending[m.j], m)
	}
	for k := range n {
		for _, m := range ending[k] {
			// A part of a longer passphrase costs at least what brute force
			// would for one character or for two.
			if m.j-m.i+1 < n {
				m.guesses = max(m.guesses, floor(m.j-m.i+1))
			}
			extend(best, m, true)
		}
		for i := 0; i <= k; i++ {
			extend(best, match{i, k, math.Pow(bruteForce, float64(k-i+1)) + 1, ""}, false)
		}
	}
	least, parts := math.Inf(1), 0
	for l, s := range best[n-1] {
		if s.total > 0 && s.total < least {
			least, parts = s.total, l
		}
	}
	warning, length := "", 0
	for k := n - 1; k >= 0; parts-- {
		m := best[k][parts].last
		if m.warning != "" && m.j-m.i+1 > length {
			warning, length = m.warning, m.j-m.i+1
		}
		k = m.i - 1
	}
	return least, warning
}

func floor(length int) float64 {
	if length == 1 {
		return bruteForce + 1
	}
	return 5*bruteForce + 1
}

// extend offers m as the last part of every cover that ends before it. Two
// pieces of brute force in a row would be one.
func extend(best []cover, m match, explained bool) {
	if m.i == 0 {
		best[m.j].offer(1, m.guesses, m)
		return
	}
	for parts, s := range best[m.i-1][:maxParts] {
		if s.total > 0 && (explained || s.last.warning != "") {
			best[m.j].offer(parts+1, s.product*m.guesses, m)
		}
	}
}

// offer keeps the cover unless one with no more parts is as cheap.
func (c *cover) offer(parts int, product float64, last match) {
	total := math.Gamma(float64(parts+1))*product + math.Pow(newPart, float64(parts-1))
	for _, s := range c[1 : parts+1] {
		if s.total > 0 && s.total <= total {
			return
		}
	}
	c[parts] = step{product, total, last}
}
