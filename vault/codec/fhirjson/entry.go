package fhirjson

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"phivault/vault"
)

// bundleState is what a Bundle said before its entries.
type bundleState struct{ typ string }

// around reads a member of the Bundle that is not its entries.
func (d *decoder) around(name string, b *bundleState) error {
	at := d.src.mark()
	raw, reason, err := d.small()
	if err != nil {
		return err
	}
	if reason != "" {
		return d.refuse(at, "beside its entries, the Bundle is broken: "+reason)
	}
	if name == "type" {
		b.typ = unquote(raw)
	}
	return nil
}

// small reads a value around the resources, strictly. The bytes are valid until
// the next call.
func (d *decoder) small() (raw []byte, reason string, err error) {
	d.env.reset(true)
	if err := d.env.value(); err != nil {
		return nil, "", err
	}
	if d.env.over != "" {
		return nil, d.env.over, nil
	}
	if !jsontext.Value(d.env.buf).IsValid() { // strict: unique names, UTF-8
		return nil, "a value is not valid JSON", nil
	}
	return d.env.buf, "", nil
}

func (d *decoder) entries(b *bundleState) error {
	s := d.res
	if d.src.window()[0] != '[' {
		at := d.src.mark()
		if err := s.value(); err != nil {
			return err
		}
		return d.refuse(at, "the Bundle's entry is not an array")
	}
	s.take(1)
	for n := 1; ; n++ {
		c, err := s.space()
		if err != nil {
			return err
		}
		if c == ']' && n == 1 {
			s.take(1)
			return nil
		}
		d.entry = n
		if err := d.oneEntry(b); err != nil {
			return err
		}
		if c, err = s.space(); err != nil {
			return err
		}
		switch c {
		case ']':
			s.take(1)
			d.entry = 0
			return nil
		case ',':
			s.take(1)
		default:
			return s.unexpected(c, "a comma or a closing bracket is missing")
		}
	}
}

// entry is what an entry says about its resource.
type entry struct {
	at                    mark
	res                   *found
	fullURL, method, mode string
	request, response     bool
	broken                string // why it cannot be taken in
	brokenAt              mark
}

func (e *entry) breaks(at mark, reason string) {
	if e.broken == "" {
		e.broken, e.brokenAt = reason, at
	}
}

func (d *decoder) oneEntry(b *bundleState) error {
	e := entry{at: d.src.mark()}
	s := d.res
	if c := d.src.window()[0]; c != '{' {
		if class[c] == joins || class[c] == closes {
			return s.fault("a value is missing")
		}
		s.reset(false)
		if err := s.value(); err != nil {
			return err
		}
		return d.refuse(e.at, "the entry is not an object")
	}
	s.reset(false)
	s.take(1)
	w := walker{s: s}
	for {
		name, ok, err := w.member()
		if err != nil {
			return err
		}
		if !ok {
			return d.decide(&e, b)
		}
		if err := d.part(name, &e); err != nil {
			return err
		}
	}
}

// part reads one member of an entry.
func (d *decoder) part(name string, e *entry) error {
	at, s := d.src.mark(), d.res
	if name == "resource" {
		object := d.src.window()[0] == '{'
		s.reset(true)
		err := s.value()
		e.res = d.found(at, "")
		s.reset(false)
		if !object {
			e.breaks(at, "the entry's resource is not an object")
		}
		return err
	}
	raw, reason, err := d.small()
	switch {
	case err != nil:
		return err
	case reason != "":
		e.breaks(at, reason)
	case name == "fullUrl":
		e.fullURL = unquote(raw)
	case name == "request":
		e.request, e.method = true, memberOf(raw, "method")
	case name == "response":
		e.response = true
	case name == "search":
		e.mode = memberOf(raw, "mode")
	}
	return nil
}

// decide gives the entry's resource or says why not.
func (d *decoder) decide(e *entry, b *bundleState) error {
	d.hold = d.hold || b.typ == "history" || b.typ == "" && e.request && e.response
	reason, at := e.broken, e.at
	switch {
	case reason != "":
		at = e.brokenAt
	case e.method == "DELETE":
		reason = "it asks for a deletion; deletions are not imported"
	case e.method == "PATCH":
		reason = "it asks for a change to a record (PATCH); only whole resources are imported"
	case e.res == nil && (e.method == "GET" || e.method == "HEAD" || e.method == "OPTIONS"):
		reason = "it is a question to a server and has no resource"
	case e.res == nil:
		reason = "it has no resource"
	case e.mode == "outcome":
		reason = "it is a server's remark about a search, not a record"
	default:
		return d.emit(e.res, e.fullURL)
	}
	return d.refuse(at, reason)
}

// mostHeld bounds the memory that a history may take until it is turned round.
const mostHeld = 64 << 20

func (d *decoder) keep(it vault.Item, err error) error {
	if d.size > mostHeld {
		return nil
	}
	if d.size += int64(len(it.Resource.JSON)+2*len(it.Resource.Text)) + 1024; d.size > mostHeld {
		it, err = vault.Item{}, &vault.Refusal{Input: d.name, Place: fmt.Sprintf("entry %d", d.entry),
			Reason: "the history is too long to be turned round in memory; this and all older versions are left out"}
	}
	d.held = append(d.held, held{it, err})
	return nil
}

// flush gives what a history held, oldest first.
func (d *decoder) flush() error {
	all := d.held
	d.held, d.hold, d.size = nil, false, 0
	for i := len(all) - 1; i >= 0; i-- {
		if err := d.give(all[i].item, all[i].err); err != nil {
			return err
		}
		all[i] = held{}
	}
	return nil
}

func unquote(raw []byte) string {
	b, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return ""
	}
	return string(b)
}

// memberOf gives the text of an object's member, "" when it has none. raw is
// valid JSON.
func memberOf(raw []byte, name string) string {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for {
		tok, err := dec.ReadToken()
		if err != nil || dec.StackDepth() == 0 {
			return "" // the object ends, or it is none
		}
		if tok.Kind() != '"' {
			continue // its opening bracket
		}
		is := tok.String() == name
		if is && dec.PeekKind() == '"' {
			if tok, err = dec.ReadToken(); err == nil {
				return tok.String()
			}
			return ""
		}
		if dec.SkipValue() != nil {
			return ""
		}
	}
}
