package journal

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"phivault/vault"
)

// ErrMistyped is a code that none of our devices shows: a slip, and no fork.
var ErrMistyped = fmt.Errorf("%w: the code was misheard or mistyped", vault.ErrUsage)

var errNoCode = fmt.Errorf("%w: a code has a letter, a number and 22 digits", vault.ErrUsage)

// Code names this device's last segment for another device to compare, as
// CodeText writes it: the number is the segment's, behind that of its log and a slash
// in a log after the first, and the hash, the segment's, commits to all that this
// device has seen. It is "" before the first segment.
func (j *Journal) Code() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.s.Logs[j.own]
	if l == nil {
		return ""
	}
	m, _ := j.s.members(everything).find(j.self)
	number := strconv.FormatUint(l.Last.Seq, 10)
	if j.own.Number > 0 {
		number = strconv.FormatUint(j.own.Number, 10) + "/" + number
	}
	return CodeText(letter(m.order), number, l.Last.Hash)
}

// CodeText is a place and its hash in a form to be read out: a letter, a number, 20
// digits of the hash in groups of five and two that check the rest.
func CodeText(letter, number string, h vault.Hash) string {
	d := digits(h)
	return strings.Join([]string{letter, number, d[:5], d[5:10], d[10:15], d[15:], checkDigits(letter + " " + number + " " + d)}, " ")
}

// digits are 20 decimal digits of a hash: its first 16 bytes, each half modulo
// 10¹⁰.
func digits(h vault.Hash) string {
	const m = 10_000_000_000
	return fmt.Sprintf("%010d%010d", binary.BigEndian.Uint64(h[:])%m, binary.BigEndian.Uint64(h[8:])%m)
}

// checkDigits are the two of ISO 7064's MOD 97-10, letters being 10 to 35, a slash 36
// and a space 37: no single slip and no two neighbours that changed places keep them.
func checkDigits(s string) string {
	n := 0
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9':
			n = (n*10 + int(c-'0')) % 97
		case c >= 'A' && c <= 'Z':
			n = (n*100 + int(c-'A') + 10) % 97
		case c == '/':
			n = (n*100 + 36) % 97
		default:
			n = (n*100 + 37) % 97
		}
	}
	return fmt.Sprintf("%02d", 98-n*100%97)
}

// said is a code taken apart.
type said struct {
	letter, digits string
	log, seq       uint64
}

// CheckForm says whether a code can be one: nil, ErrMistyped where its check digits
// tell, else vault.ErrUsage. One without check digits is taken, however it is grouped.
func CheckForm(code string) error {
	_, err := parseCode(code)
	return err
}

func parseCode(code string) (said, error) {
	f := strings.Fields(strings.ToUpper(code))
	if len(f) < 3 || strings.Trim(f[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return said{}, errNoCode
	}
	number, within, later := strings.Cut(f[1], "/")
	if !later {
		number, within = "0", f[1]
	}
	n, err := strconv.ParseUint(number, 10, 63)
	seq, wrong := strconv.ParseUint(within, 10, 63)
	sum := strings.Join(f[2:], "")
	if err != nil || wrong != nil || len(sum) != 20 && len(sum) != 22 || strings.Trim(sum, "0123456789") != "" {
		return said{}, errNoCode
	}
	if len(sum) == 22 && checkDigits(f[0]+" "+f[1]+" "+sum[:20]) != sum[20:] {
		return said{}, ErrMistyped
	}
	return said{f[0], sum[:20], n, seq}, nil
}

// CheckCode compares another device's Code with what is here: nil when both saw
// the same, ErrWaiting when that segment is not here yet, ErrFork when it differs,
// and what CheckForm says of one that is none.
func (j *Journal) CheckCode(ctx context.Context, code string) error {
	c, err := parseCode(code)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, m := range j.s.members(everything).all {
		if letter(m.order) != c.letter {
			continue
		}
		log := vault.LogID{Device: m.device, Number: c.log}
		if c.seq >= j.s.next(log) {
			return c.at(ErrWaiting, "it is not here yet")
		}
		hash, err := j.hashAt(ctx, log, c.seq)
		if err != nil {
			return err
		}
		if digits(hash) != c.digits {
			return c.at(ErrFork, "the devices have seen different histories")
		}
		return nil
	}
	return fmt.Errorf("%w: no device has this letter", vault.ErrUsage)
}

// at is err at the place that a code names, in the code's own words.
func (c *said) at(err error, why string) error {
	log := ""
	if c.log > 0 {
		log = fmt.Sprintf("log %d, ", c.log)
	}
	return fmt.Errorf("%w: device %s, %ssegment %d: %s", err, c.letter, log, c.seq, why)
}
