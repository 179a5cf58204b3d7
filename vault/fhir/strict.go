package fhir

import (
	"bytes"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// mostSiblings is how many members of one object are compared with each other.
const mostSiblings = 64

// strictly reads json as values does, in less time, and takes nothing
// that values would refuse: whatever it finds amiss or unusual it leaves to values,
// which then also says what is wrong. It reports false for that.
func (s *scratch) strictly(json []byte, depth int) (end int, ok bool) {
	i := skipSpaces(json, 0)
	for {
		// A value begins at i, a member's name before it in an object.
		var n node
		if len(s.open) > 0 && s.nodes[s.open[len(s.open)-1]].kind == '{' {
			if i, ok = s.memberName(json, i, &n); !ok {
				return 0, false
			}
		}
		if i >= len(json) || len(s.nodes) >= maxNodes {
			return 0, false
		}
		if c := json[i]; c == '{' || c == '[' {
			if len(s.open) >= depth {
				return 0, false
			}
			n.kind, n.start = c, uint32(i)
			s.open = append(s.open, uint32(len(s.nodes)))
			s.nodes = append(s.nodes, n)
			if i = skipSpaces(json, i+1); i >= len(json) || json[i] != c+2 { // '}' and ']' are two above their partners
				continue
			}
		} else {
			if i = s.strictScalar(json, i, &n); i < 0 || len(s.open) == 0 {
				return 0, false
			}
			i = skipSpaces(json, i)
		}
		// After a value: the ends of what it closes, then a comma.
		for {
			if i >= len(json) {
				return 0, false
			}
			if json[i] == ',' {
				i = skipSpaces(json, i+1)
				break
			}
			last := len(s.open) - 1
			box := &s.nodes[s.open[last]]
			if json[i] != box.kind+2 {
				return 0, false
			}
			i++
			box.end, box.next = uint32(i), uint32(len(s.nodes))
			if s.open = s.open[:last]; last == 0 {
				return i, true
			}
			i = skipSpaces(json, i)
		}
	}
}

// memberName reads the name at i, which none of its object's members before has, and
// gives the place of its value.
func (s *scratch) memberName(json []byte, i int, n *node) (int, bool) {
	end, escaped, ok := strictString(json, i)
	if !ok || escaped {
		return 0, false
	}
	n.name, n.nameEnd = uint32(i+1), uint32(end-1)
	name := json[i+1 : end-1]
	count := 0
	for k := s.open[len(s.open)-1] + 1; int(k) < len(s.nodes); k = s.nodes[k].next {
		other := &s.nodes[k]
		if count++; count >= mostSiblings || bytes.Equal(json[other.name:other.nameEnd], name) {
			return 0, false
		}
	}
	if i = skipSpaces(json, end); i >= len(json) || json[i] != ':' {
		return 0, false
	}
	return skipSpaces(json, i+1), true
}

// strictScalar adds the string, number or literal at i as n and gives the place behind
// it, or -1.
func (s *scratch) strictScalar(json []byte, i int, n *node) int {
	begin, c := i, json[i]
	n.kind = c
	switch {
	case c == '"':
		var ok bool
		if i, n.escaped, ok = strictString(json, i); !ok {
			return -1
		}
		n.start, n.end = uint32(begin+1), uint32(i-1)
	case c == '-' || digit(c):
		if i = passNumber(json, i); i < 0 {
			return -1
		}
		n.kind, n.start, n.end = '0', uint32(begin), uint32(i)
	default:
		for _, word := range [...]string{"true", "false", "null"} {
			if end := begin + len(word); end <= len(json) && string(json[begin:end]) == word {
				i = end
			}
		}
		if i == begin {
			return -1
		}
		n.start, n.end = uint32(begin), uint32(i)
	}
	n.next = uint32(len(s.nodes) + 1)
	s.nodes = append(s.nodes, *n)
	return i
}

// passNumber gives the place behind the number at i (RFC 8259, section 6), or -1. What
// may not follow a number, its caller finds.
func passNumber(json []byte, i int) int {
	digits := func() bool {
		begin := i
		for i < len(json) && digit(json[i]) {
			i++
		}
		return i > begin
	}
	if json[i] == '-' {
		i++
	}
	if i < len(json) && json[i] == '0' {
		i++
	} else if !digits() {
		return -1
	}
	if i < len(json) && json[i] == '.' {
		if i++; !digits() {
			return -1
		}
	}
	if i < len(json) && json[i]|0x20 == 'e' {
		if i++; i < len(json) && (json[i] == '+' || json[i] == '-') {
			i++
		}
		if !digits() {
			return -1
		}
	}
	return i
}

// strictString gives the place behind the string that begins at i and whether it has
// escapes; false when it is none or not a valid one.
func strictString(json []byte, i int) (end int, escaped, ok bool) {
	if i >= len(json) || json[i] != '"' {
		return 0, false, false
	}
	high := byte(0)
	for end = i + 1; end < len(json); end++ {
		c := json[end]
		if c == '"' {
			break
		}
		if c < ' ' {
			return 0, false, false
		}
		if c == '\\' {
			escaped = true
			end++
		}
		high |= c
	}
	if end >= len(json) {
		return 0, false, false
	}
	end++
	if high >= utf8.RuneSelf && !utf8.Valid(json[i:end]) {
		return 0, false, false
	}
	if escaped {
		_, err := jsontext.AppendUnquote(nil, json[i:end])
		return end, true, err == nil
	}
	return end, false, true
}
