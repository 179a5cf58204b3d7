package fhir

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// accepted reads json as values does, for text that values has accepted before:
// it finds where values begin and end, and does not judge their syntax again. It
// reports false, leaving the judgement to values, for whatever it does not expect.
func (s *scratch) accepted(json []byte, depth int) (end int, ok bool) {
	var pending node
	named, inObject := false, false
	for i := skipSpaces(json, 0); i < len(json); i = skipSpaces(json, i) {
		c := json[i]
		switch {
		case c == '}' || c == ']':
			n := len(s.open) - 1
			if n < 0 || named || s.nodes[s.open[n]].kind != c-2 { // '{' and '[' are two below their partners
				return 0, false
			}
			i++
			box := &s.nodes[s.open[n]]
			box.end, box.next = uint32(i), uint32(len(s.nodes))
			s.open = s.open[:n]
			if n == 0 {
				return i, true
			}
			inObject = s.nodes[s.open[n-1]].kind == '{'
		case inObject && !named:
			at := i
			escaped, whole := false, false
			if i, escaped, whole = passString(json, i); !whole {
				return 0, false
			}
			pending, named = node{name: uint32(at + 1), nameEnd: uint32(i - 1), nameEscaped: escaped}, true
			if i = skipSpaces(json, i); i >= len(json) || json[i] != ':' {
				return 0, false
			}
			i++
			continue
		case len(s.nodes) >= maxNodes:
			return 0, false
		case c == '{' || c == '[':
			if len(s.open) >= depth {
				return 0, false
			}
			pending.kind, pending.start = c, uint32(i)
			s.open = append(s.open, uint32(len(s.nodes)))
			s.nodes = append(s.nodes, pending)
			pending, named, inObject = node{}, false, c == '{'
			i++
			continue
		default:
			if i = s.scalar(json, i, &pending); i < 0 {
				return 0, false
			}
			pending, named = node{}, false
			if len(s.open) == 0 {
				return i, true
			}
		}
		if i = skipSpaces(json, i); i < len(json) && json[i] == ',' {
			i++
		}
	}
	return 0, false
}

// scalar adds the string, number or literal at i as n and gives the place behind
// it, or -1.
func (s *scratch) scalar(json []byte, i int, n *node) int {
	begin := i
	switch c := json[i]; {
	case c == '"':
		whole := false
		if i, n.escaped, whole = passString(json, i); !whole {
			return -1
		}
		n.kind, n.start, n.end = '"', uint32(begin+1), uint32(i-1)
	case c == 't' || c == 'f' || c == 'n' || c == '-' || digit(c):
		for i++; i < len(json) && json[i] > ' ' && json[i] != ',' && json[i] != '}' && json[i] != ']'; {
			i++
		}
		if n.kind, n.start, n.end = c, uint32(begin), uint32(i); c == '-' || digit(c) {
			n.kind = '0'
		}
	default:
		return -1
	}
	n.next = uint32(len(s.nodes) + 1)
	s.nodes = append(s.nodes, *n)
	return i
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// passString gives the place behind the string that begins at i and whether it
// has escapes, which are checked, since their readers take them for good.
func passString(json []byte, i int) (end int, escaped, whole bool) {
	if json[i] != '"' {
		return i, false, false
	}
	if end = skipString(json, i); end > len(json) || end < i+2 || json[end-1] != '"' {
		return end, false, false
	}
	if bytes.IndexByte(json[i:end], '\\') < 0 {
		return end, false, true
	}
	_, err := jsontext.AppendUnquote(nil, json[i:end])
	return end, true, err == nil
}

func skipSpaces(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\n' || p[i] == '\t' || p[i] == '\r') {
		i++
	}
	return i
}

// skipString gives the place behind the string that begins at i, at most the end.
func skipString(p []byte, i int) int {
	for i++; i < len(p); {
		n := bytes.IndexByte(p[i:], '"')
		if n < 0 {
			break
		}
		escape := bytes.IndexByte(p[i:i+n], '\\')
		if escape < 0 {
			return i + n + 1
		}
		i += escape + 2
	}
	return len(p)
}
