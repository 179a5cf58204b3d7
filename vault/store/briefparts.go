package store

import (
	"encoding/hex"
	"strings"
)

// An id is u8 1 · 16 bytes for a UUID in lower case, else u8 0 · text.
func appendID(b []byte, id string) []byte {
	if len(id) == 36 && id[8] == '-' && id[13] == '-' && id[18] == '-' && id[23] == '-' {
		digits := strings.ReplaceAll(id, "-", "")
		if raw, err := hex.DecodeString(digits); err == nil && len(raw) == 16 && digits == strings.ToLower(digits) {
			return append(append(b, 1), raw...)
		}
	}
	return appendText(append(b, 0), id)
}

func (u *unbriefer) id() string {
	switch u.take(1) {
	case "\x00":
		return u.inline()
	case "\x01":
		raw := u.take(16)
		if u.bad {
			return ""
		}
		var s [36]byte
		at := 0
		for i := range 16 {
			if i == 4 || i == 6 || i == 8 || i == 10 {
				s[at] = '-'
				at++
			}
			s[at], s[at+1] = hexDigits[raw[i]>>4], hexDigits[raw[i]&15]
			at += 2
		}
		return string(s[:])
	}
	u.fail()
	return ""
}

const hexDigits = "0123456789abcdef"

// inline reads a text that is no phrase.
func (u *unbriefer) inline() string {
	n := u.number()
	if n&1 == 1 {
		u.fail()
	}
	return u.take(n >> 1)
}

// dateForms are the shapes of a date, a digit for each 0: u8 the shape's number from
// 1 on, then its digits, two a byte, the last byte's lower half 0 where they are odd.
// u8 0 · text is any other.
var dateForms = [...]string{
	"0000", "0000-00", "0000-00-00", "0000-00-00T00:00:00Z", "0000-00-00T00:00:00+00:00", "0000-00-00T00:00:00-00:00",
	"0000-00-00T00:00:00.000Z", "0000-00-00T00:00:00.000+00:00", "0000-00-00T00:00:00.000-00:00",
}

func appendDate(b []byte, date string) []byte {
	for i, form := range dateForms {
		if len(form) != len(date) || !fits(date, form) {
			continue
		}
		b = append(b, byte(i+1))
		half := false
		for j := range len(date) {
			if form[j] != '0' {
				continue
			}
			if half {
				b[len(b)-1] |= date[j] - '0'
			} else {
				b = append(b, (date[j]-'0')<<4)
			}
			half = !half
		}
		return b
	}
	return appendText(append(b, 0), date)
}

func fits(date, form string) bool {
	for i := range len(date) {
		if form[i] == '0' && !digit(date[i]) || form[i] != '0' && form[i] != date[i] {
			return false
		}
	}
	return true
}

func (u *unbriefer) date() string {
	k := u.take(1)
	switch {
	case u.bad:
		return ""
	case k[0] == 0:
		return u.inline()
	case int(k[0]) > len(dateForms):
		u.fail()
		return ""
	}
	var s [32]byte
	form := dateForms[k[0]-1]
	digits := strings.Count(form, "0")
	packed := u.take(uint64(digits+1) / 2)
	if u.bad {
		return ""
	}
	n := 0
	for i := range len(form) {
		s[i] = form[i]
		if form[i] != '0' {
			continue
		}
		d := packed[n/2] >> 4
		if n%2 == 1 {
			d = packed[n/2] & 15
		}
		if d > 9 {
			u.fail()
			return ""
		}
		s[i] = '0' + d
		n++
	}
	return string(s[:len(form)])
}
