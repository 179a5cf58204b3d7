package fhir

import (
	"bytes"
	"hash/maphash"
	"io"
	"math"
	"sync"
	"unsafe"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

// maxNodes bounds the values of one resource, and by that the memory its view
// may take (24 bytes each): 16 MiB of "[0,0,…" would ask for twelve times
// itself.
const maxNodes = 1 << 21

// scratch is what reading needs beside its result. It comes back to the pool
// without content.
type scratch struct {
	dec   *jsontext.Decoder
	nodes []node
	open  []uint32 // the containers around the current place
	text  collector
	lent  bool // strings may lie within the JSON
}

var scratches = sync.Pool{New: func() any {
	return &scratch{dec: jsontext.NewDecoder(new(bytes.Buffer)), text: collector{seed: maphash.MakeSeed()}}
}}

func newScratch() *scratch { return scratches.Get().(*scratch) }

// free gives s back. What was read may be about a person: nothing of it stays
// behind, and memory for an unusual resource is not kept.
func (s *scratch) free() {
	s.dec.Reset(new(bytes.Buffer))
	s.text.reset()
	s.lent = false
	if cap(s.nodes) > 1<<14 {
		s.nodes = nil
	}
	s.nodes = s.nodes[:0]
	scratches.Put(s)
}

// scan reads json, strictly, into a flat list of its values in the order of
// their beginnings. The doc is valid until s is freed.
func (s *scratch) scan(json []byte, depth int) (doc, error) { return s.scanAs(json, depth, false) }

// scanAs is scan, less strict with what was accepted before.
func (s *scratch) scanAs(json []byte, depth int, accepted bool) (doc, error) {
	if depth == 0 {
		depth = vault.DefaultLimits().Depth
	}
	if len(json) > math.MaxInt32 {
		return doc{}, overLimit(0, "it is larger than 2 GiB")
	}
	if bytes.HasPrefix(json, []byte("\xef\xbb\xbf")) {
		return doc{}, refuse(0, "it begins with a byte order mark")
	}
	s.open, s.nodes = s.open[:0], s.nodes[:0]
	end, read := 0, false
	if accepted {
		end, read = s.accepted(json, depth)
	} else {
		end, read = s.strictly(json, depth)
	}
	if !read {
		s.open, s.nodes = s.open[:0], s.nodes[:0]
		s.dec.Reset(bytes.NewBuffer(json))
		if err := s.values(json, depth); err != nil {
			return doc{}, err
		}
		end = int(s.dec.InputOffset())
	}
	if rest := bytes.TrimLeft(json[end:], " \t\r\n"); len(rest) > 0 {
		if rest[0] == '/' {
			return doc{}, refuse(len(json)-len(rest), "comments are not JSON")
		}
		return doc{}, refuse(len(json)-len(rest), "something follows after its end")
	}
	d := doc{json: json, nodes: s.nodes}
	switch {
	case s.lent:
		d.src = unsafe.String(unsafe.SliceData(json), len(json))
	case len(json) <= 64<<10:
		d.src = string(json) // one copy that all strings of the view share
	}
	return d, nil
}

// values reads one value with all that is in it.
func (s *scratch) values(json []byte, depth int) error {
	var pending node // the name read last, for the value that follows
	named, inObject := false, false
	for {
		kind := s.dec.PeekKind()
		if kind == '}' || kind == ']' {
			if _, err := s.dec.ReadToken(); err != nil {
				return explain(json, err)
			}
			n := len(s.open) - 1
			c := &s.nodes[s.open[n]]
			c.end, c.next = uint32(s.dec.InputOffset()), uint32(len(s.nodes))
			s.open = s.open[:n]
			if n == 0 {
				return nil
			}
			inObject = s.nodes[s.open[n-1]].kind == '{'
			continue
		}
		if len(s.nodes) >= maxNodes {
			return overLimit(int(s.dec.InputOffset()), "it has more than 2,097,152 values")
		}
		if kind == '{' || kind == '[' {
			if len(s.open) >= depth {
				return overLimit(int(s.dec.InputOffset()), "it is nested too deeply")
			}
			if _, err := s.dec.ReadToken(); err != nil {
				return explain(json, err)
			}
			pending.kind, pending.start = byte(kind), uint32(s.dec.InputOffset()-1)
			s.open = append(s.open, uint32(len(s.nodes)))
			s.nodes = append(s.nodes, pending)
			pending, named, inObject = node{}, false, kind == '{'
			continue
		}
		raw, err := s.dec.ReadValue()
		if err != nil {
			if err == io.EOF {
				return refuse(len(json), "it is empty")
			}
			return explain(json, err)
		}
		end := uint32(s.dec.InputOffset())
		start := end - uint32(len(raw))
		escaped := false
		if kind == '"' {
			start, end = start+1, end-1
			escaped = bytes.IndexByte(raw, '\\') >= 0
		}
		if inObject && !named {
			pending = node{name: start, nameEnd: end, nameEscaped: escaped}
			named = true
			continue
		}
		pending.kind, pending.start, pending.end, pending.escaped = byte(kind), start, end, escaped
		pending.next = uint32(len(s.nodes) + 1)
		s.nodes = append(s.nodes, pending)
		pending, named = node{}, false
		if len(s.open) == 0 {
			return nil
		}
	}
}
