package strength

import (
	"math"
	"strings"
)

// spatial finds runs of at least three neighbouring keys. Guesses are zxcvbn's:
// all runs of up to that length and that many turns.
func (x lexicon) spatial(m []match, text []rune) []match {
	for i := 0; i+2 < len(text); {
		j, turns, shifted, direction := i, 0, 0, -1
		for j+1 < len(text) {
			at := strings.IndexRune(x.adjacent[text[j]], text[j+1])
			if at < 0 {
				break
			}
			// Neighbours come in pairs, plain and shifted.
			if d := at / 2; d != direction {
				turns, direction = turns+1, d
			}
			shifted += at % 2
			j++
		}
		if length := j - i + 1; length >= 3 {
			guesses := 0.0
			for n := 2; n <= length; n++ {
				for t := 1; t <= min(turns, n-1); t++ {
					guesses += choose(n-1, t-1) * x.keys * math.Pow(x.degree, float64(t))
				}
			}
			if shifted > 0 {
				guesses *= choices(shifted, length-shifted) + 1
			}
			m = append(m, match{i, j, guesses, warnKeyboard})
		}
		i = max(j, i+1)
	}
	return m
}

func choose(n, k int) float64 {
	c := 1.0
	for i := 1; i <= k; i++ {
		c *= float64(n-k+i) / float64(i)
	}
	return c
}

// Years are counted from a fixed one, so that an estimate does not change with
// the day.
const (
	referenceYear = 2026
	minYearSpace  = 20
)

// dates finds years, and days written with four to eight digits, with or
// without separators.
func dates(m []match, text []rune) []match {
	for i := range text {
		value, digits, separators := 0, 0, 0
		for j := i; j < len(text) && j < i+10; j++ {
			r := text[j]
			switch {
			case r >= '0' && r <= '9':
				value = value*10 + int(r-'0')
				digits++
			case digits > 0 && separators < 2 && strings.ContainsRune("/-._ \\", r):
				separators++
				continue
			default:
				j = len(text)
				continue
			}
			if digits == 4 && separators == 0 && value >= 1900 && value <= 2050 {
				m = append(m, match{i, j, yearSpace(value), warnDate})
			}
			if year, ok := dateYear(value, digits); ok {
				guesses := 365 * yearSpace(year)
				if separators > 0 {
					guesses *= 4
				}
				m = append(m, match{i, j, guesses, warnDate})
			}
		}
	}
	return m
}

func yearSpace(year int) float64 {
	return max(minYearSpace, math.Abs(float64(year-referenceYear)))
}

// dateYear reads six or eight digits as day, month and year in any of the usual
// orders and returns the year nearest to the reference.
func dateYear(value, digits int) (year int, ok bool) {
	var orders [][3]int // a, b, year
	switch digits {
	case 8:
		orders = [][3]int{{value / 1e6, value / 1e4 % 100, value % 1e4}, {value % 100, value / 100 % 100, value / 1e4}}
	case 6:
		orders = [][3]int{{value / 1e4, value / 100 % 100, century(value % 100)}, {value % 100, value / 100 % 100, century(value / 1e4)}}
	}
	for _, o := range orders {
		a, b, y := o[0], o[1], o[2]
		if y < 1900 || y > 2050 || a < 1 || b < 1 || a > 31 || b > 31 || a > 12 && b > 12 {
			continue
		}
		if !ok || yearSpace(y) < yearSpace(year) {
			year, ok = y, true
		}
	}
	return year, ok
}

func century(twoDigits int) int {
	if twoDigits > 50 {
		return 1900 + twoDigits
	}
	return 2000 + twoDigits
}
