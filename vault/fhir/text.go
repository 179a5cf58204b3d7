package fhir

import (
	"bytes"
	"hash/maphash"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

// separator stands between two strings of the text; no index takes it for a word.
const separator = " · "

// collector gathers the readable strings of a resource, each once.
type collector struct {
	buf   []byte // the text so far
	tmp   []byte // a string without its escapes
	note  []byte // an attachment, decoded
	seed  maphash.Seed
	slots []slot // open addressing; length a power of two
	used  int
	full  bool
	open  []int // the objects around the current place

	enough func(part []byte) bool // nil: never
}

type slot struct {
	hash   uint32
	at, to uint32 // in buf; to is 0 in an empty slot
}

// reset wipes what was collected: it is about a person, and c outlives the
// reading.
func (c *collector) reset() {
	for _, b := range []*[]byte{&c.buf, &c.tmp, &c.note} {
		clear((*b)[:cap(*b)])
		*b = (*b)[:0]
		if cap(*b) > 16<<10 {
			*b = nil
		}
	}
	if len(c.slots) > 1<<10 {
		c.slots = nil
	}
	clear(c.slots)
	c.used, c.full, c.open, c.enough = 0, false, c.open[:0], nil
}

// collect gives everything readable in d, the title and the value first.
func (c *collector) collect(d *doc, r *vault.Resource, note func(vault.Cut) []byte) string {
	c.addString(r.Title)
	if r.Unit != "" && r.Value != "" {
		c.addString(r.Value + " " + r.Unit)
	} else {
		c.addString(r.Value)
	}
	told := 0
	for i, end := 0, len(d.nodes); i < end && !c.full; {
		if c.enough != nil && len(c.buf) > told {
			if c.enough(c.buf[told:]) {
				break
			}
			told = len(c.buf)
		}
		for n := len(c.open); n > 0 && int(d.nodes[c.open[n-1]].next) <= i; n-- {
			c.open = c.open[:n-1]
		}
		if d.nodes[i].kind == '{' {
			c.open = append(c.open, i)
		}
		i = c.visit(d, i, r.Cuts, note)
	}
	return string(c.buf)
}

// visit takes in one value and gives the next to visit.
func (c *collector) visit(d *doc, i int, cuts []vault.Cut, note func(vault.Cut) []byte) int {
	n := &d.nodes[i]
	kind := member
	if n.nameEnd > n.name {
		kind = memberKind(d.json[n.name:n.nameEnd])
	}
	switch kind {
	case hidden:
		return int(n.next)
	case markup:
		if n.kind == '"' {
			c.note = stripMarkup(c.note[:0], c.unescape(d, n))
			c.add(c.note)
			return i + 1
		}
	case binary:
		if n.kind == '"' {
			c.attachment(d, i, cuts, note)
			return i + 1
		}
	case narrative:
		if n.kind == '{' && d.get(i, "div") != none {
			if s := d.get(i, "status"); s != none && d.after(s) == d.get(i, "div") {
				return d.get(i, "div") // "generated" is a word of FHIR, not of the record
			}
		}
	case number:
		if n.kind == '0' {
			c.add(d.json[n.start:n.end])
		}
	}
	if n.kind == '"' && n.end > n.start {
		if s := c.unescape(d, n); kind == birthDate || readable(s) {
			c.add(s)
		}
	}
	return i + 1
}

// unescape gives a string's bytes, valid until the next call.
func (c *collector) unescape(d *doc, n *node) []byte {
	if !n.escaped {
		return d.json[n.start:n.end]
	}
	tmp, err := jsontext.AppendUnquote(c.tmp[:0], d.json[n.start-1:n.end+1])
	if err != nil {
		panic("fhir: a scanned string does not read: " + err.Error())
	}
	c.tmp = tmp
	return tmp
}

type memberClass uint8

const (
	member    memberClass = iota
	hidden                // says nothing to a reader, nor does what is in it
	markup                // XHTML
	binary                // base64
	narrative             // text, when it is a Narrative
	number                // of which the digits are worth finding
	birthDate             // the one date that people search for as a word
)

func memberKind(name []byte) memberClass {
	switch string(name) {
	case "url", "system", "id", "reference", "meta", "hash", "fullUrl", "contentType", "resourceType", "implicitRules",
		"language", "versionId", "lastUpdated", "profile", "linkId", "uid", "use", "instantiatesCanonical", "instantiatesUri",
		"sigFormat", "targetFormat", "valueBase64Binary", "valueUrl", "valueUri", "valueCanonical", "valueId", "valueOid", "valueUuid":
		return hidden
	case "div":
		return markup
	case "data", "content": // content: of DSTU2's Binary
		return binary
	case "text":
		return narrative
	case "value":
		return number
	case "birthDate":
		return birthDate
	}
	return member
}

// readable tells words and codes from what only machines read: addresses, times
// and long unbroken runs, as of base64.
func readable(s []byte) bool {
	if len(s) >= 10 && '0' <= s[0] && s[0] <= '9' && (s[4] == '-') {
		if _, ok := Day(string(s)); ok {
			return false
		}
	}
	if bytes.IndexByte(s, ' ') >= 0 {
		return true
	}
	if bytes.HasPrefix(s, []byte("http://")) || bytes.HasPrefix(s, []byte("https://")) || bytes.HasPrefix(s, []byte("urn:")) {
		return false
	}
	if len(s) == 36 && s[8] == '-' && s[13] == '-' && s[18] == '-' && s[23] == '-' {
		return false
	}
	if len(s) <= 256 {
		return true
	}
	for _, b := range s {
		if b >= utf8.RuneSelf || b <= ' ' {
			return true
		}
	}
	return false
}

// attachment takes in base64 of a text type; nothing of any other.
func (c *collector) attachment(d *doc, i int, cuts []vault.Cut, note func(vault.Cut) []byte) {
	kind, ok := textType(d.text(c.open[len(c.open)-1], "contentType"))
	if !ok {
		return
	}
	var raw []byte
	if n := &d.nodes[i]; n.start < n.end {
		raw = decodeBase64(c.note[:0], c.unescape(d, n))
		c.note = raw
	} else if cut, ok := cutAt(cuts, n.start); ok && note != nil {
		raw = note(cut)
	}
	c.add(kind.decode(raw))
}

func (c *collector) addString(s string) {
	if s != "" {
		c.tmp = append(c.tmp[:0], s...)
		c.add(c.tmp)
	}
}

// add appends s, cleaned, unless it is there already.
func (c *collector) add(s []byte) {
	if len(s) == 0 || c.full {
		return
	}
	before := len(c.buf)
	if before > 0 {
		c.buf = append(c.buf, separator...)
	}
	at := len(c.buf)
	var whole bool
	c.buf, whole = appendClean(c.buf, s, maxText-at)
	c.full = !whole
	if len(c.buf) == at || !c.first(c.buf[at:], at) {
		c.buf = c.buf[:before]
	}
}

// first reports whether s, which stands at at in buf, is new, and remembers it.
func (c *collector) first(s []byte, at int) bool {
	if 2*c.used >= len(c.slots) {
		c.grow()
	}
	h := uint32(maphash.Bytes(c.seed, s))
	mask := uint32(len(c.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		e := &c.slots[i]
		if e.to == 0 {
			*e = slot{h, uint32(at), uint32(at + len(s))}
			c.used++
			return true
		}
		if e.hash == h && bytes.Equal(c.buf[e.at:e.to], s) {
			return false
		}
	}
}

func (c *collector) grow() {
	old := c.slots
	c.slots = make([]slot, max(128, 2*len(old)))
	mask := uint32(len(c.slots) - 1)
	for _, e := range old {
		if e.to == 0 {
			continue
		}
		i := e.hash & mask
		for c.slots[i].to != 0 {
			i = (i + 1) & mask
		}
		c.slots[i] = e
	}
}

// oneLine gives s fit to stand in one line of a listing.
func oneLine(s string) string {
	clean := len(s) <= maxLine && s == strings.TrimSpace(s)
	for i := 0; clean && i < len(s); i++ {
		clean = ' ' <= s[i] && s[i] < 0x7f
	}
	if clean {
		return s
	}
	b, whole := appendClean(nil, []byte(s), maxLine)
	if !whole {
		b = append(b, "…"...)
	}
	return string(b)
}
