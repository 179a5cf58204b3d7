package synth

import (
	"encoding/base64"
	"strconv"
	"unicode/utf8"
)

// document builds one JSON text in a buffer that is used again and again.
// Whether a comma is due follows from the last byte written: only structure
// ends in an opening bracket or a colon, because a string ends in a quote. An
// empty key writes an array's element. The caller sees to it that no key comes
// twice and that brackets match.
type document struct {
	buf   []byte
	ascii bool // write what is not ASCII as \u escapes
}

func (d *document) key(k string) {
	switch d.buf[len(d.buf)-1] {
	case '{', '[', ':':
	default:
		d.buf = append(d.buf, ',')
	}
	if k != "" {
		d.buf = append(d.buf, '"')
		d.buf = append(d.buf, k...)
		d.buf = append(d.buf, '"', ':')
	}
}

func (d *document) obj(k string) { d.key(k); d.buf = append(d.buf, '{') }
func (d *document) arr(k string) { d.key(k); d.buf = append(d.buf, '[') }

// end closes brackets: end("]}") closes an array and then its object.
func (d *document) end(brackets string) { d.buf = append(d.buf, brackets...) }

// raw writes v as it is: a number, a literal or a finished value.
func (d *document) raw(k, v string) { d.key(k); d.buf = append(d.buf, v...) }

func (d *document) int(k string, n int) { d.key(k); d.buf = strconv.AppendInt(d.buf, int64(n), 10) }

// dec writes n / 10^scale with all its digits: dec("value", 630, 2) is 6.30.
func (d *document) dec(k string, n, scale int) {
	d.key(k)
	d.buf = appendDec(d.buf, n, scale)
}

func appendDec(b []byte, n, scale int) []byte {
	if n < 0 {
		b, n = append(b, '-'), -n
	}
	unit := 1
	for range scale {
		unit *= 10
	}
	b = strconv.AppendInt(b, int64(n/unit), 10)
	if scale > 0 {
		b = append(b, '.')
		for unit /= 10; unit > 0; unit /= 10 {
			b = append(b, byte('0'+n/unit%10))
		}
	}
	return b
}

func (d *document) date(k string, t day, precision int) {
	d.key(k)
	d.buf = append(t.append(append(d.buf, '"'), precision), '"')
}

func (d *document) time(k string, t instant) {
	d.key(k)
	d.buf = append(t.append(append(d.buf, '"')), '"')
}

func (d *document) base64(k string, v []byte) {
	d.key(k)
	d.buf = append(base64.StdEncoding.AppendEncode(append(d.buf, '"'), v), '"')
}

// str writes a string made of the parts.
func (d *document) str(k string, parts ...string) {
	d.key(k)
	d.buf = append(d.buf, '"')
	for _, p := range parts {
		d.text(p)
	}
	d.buf = append(d.buf, '"')
}

// text appends the inside of a JSON string.
func (d *document) text(v string) {
	from := 0
	for i := 0; i < len(v); {
		c := v[i]
		if c >= ' ' && c != '"' && c != '\\' && (c < utf8.RuneSelf || !d.ascii) {
			i++
			continue
		}
		d.buf = append(d.buf, v[from:i]...)
		r, n := utf8.DecodeRuneInString(v[i:])
		switch {
		case c == '"' || c == '\\':
			d.buf = append(d.buf, '\\', c)
		case c == '\n':
			d.buf = append(d.buf, '\\', 'n')
		case r > 0xffff:
			r -= 0x10000
			d.buf = escape(escape(d.buf, 0xd800|r>>10), 0xdc00|r&0x3ff)
		default:
			d.buf = escape(d.buf, r)
		}
		i += n
		from = i
	}
	d.buf = append(d.buf, v[from:]...)
}

func escape(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}

// code is one Coding of a code system.
type code struct{ system, code, display string }

func (d *document) coding(k string, c code) {
	d.obj(k)
	d.str("system", c.system)
	d.str("code", c.code)
	if c.display != "" {
		d.str("display", c.display)
	}
	d.end("}")
}

// concept writes a CodeableConcept; an empty text is left out.
func (d *document) concept(k, text string, codings ...code) {
	d.obj(k)
	if len(codings) > 0 {
		d.arr("coding")
		for _, c := range codings {
			d.coding("", c)
		}
		d.end("]")
	}
	if text != "" {
		d.str("text", text)
	}
	d.end("}")
}

// quantity writes a Quantity in a UCUM unit.
func (d *document) quantity(k string, n, scale int, unit, ucum string) {
	d.obj(k)
	d.dec("value", n, scale)
	d.str("unit", unit)
	d.str("system", systemUCUM)
	d.str("code", ucum)
	d.end("}")
}
