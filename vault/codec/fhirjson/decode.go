package fhirjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"phivault/vault"
)

// errStop: whoever ranges over the items has had enough.
var errStop = errors.New("stop")

// decoder reads one file.
type decoder struct {
	ctx   context.Context
	name  string
	o     vault.DecodeOptions
	src   *source
	res   *scanner // the resource at hand
	env   *scanner // what stands around it in a Bundle
	yield func(vault.Item, error) bool

	only []byte // the type asked for, in quotes

	kind  int    // of the top-level object at hand
	entry int    // number of the Bundle's entry at hand, from 1; 0 outside
	hold  bool   // the Bundle is a history: what it gives waits in held
	held  []held // newest first
	size  int64  // of held
}

// held is something to give later.
type held struct {
	item vault.Item
	err  error
}

// envelope bounds what a Bundle may say around its resources.
const envelope = 1 << 20

func newDecoder(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions, yield func(vault.Item, error) bool) *decoder {
	o.Limits = limits(o.Limits)
	src := newSource(ctx, r)
	return &decoder{ctx: ctx, name: name, o: o, src: src, yield: yield, only: []byte(`"` + o.Only + `"`),
		res: &scanner{src: src, max: o.Limits.Resource, depth: o.Limits.Depth,
			cut: &cutOptions{ctx: ctx, blobs: o.Blobs, max: o.Limits.Attachment}},
		env: &scanner{src: src, max: min(envelope, o.Limits.Resource), depth: o.Limits.Depth}}
}

func (d *decoder) run(lines bool) {
	prefix := d.src.peek(windowSize)
	if e := wrongEncoding(prefix); e != "" {
		d.refuse(d.src.mark(), "the text is "+e+"; JSON must be UTF-8")
		return
	}
	if bytes.HasPrefix(prefix, bom) {
		d.src.pos += len(bom)
		d.src.count(d.src.offset())
		d.src.lineStart = int64(len(bom))
		prefix = prefix[len(bom):]
	}
	var err error
	if lines || namedAsLines(d.name) || startsWithLines(prefix) {
		err = d.lines()
	} else {
		err = d.document()
	}
	if err == nil || errors.Is(err, errStop) {
		return
	}
	d.yield(vault.Item{}, err)
}

// document reads one JSON document, and goes over to lines when it was the
// first of several.
func (d *decoder) document() error {
	if _, err := d.res.space(); err != nil {
		if err := d.readError(); err != nil {
			return err
		}
		return d.refuse(mark{}, "it is empty")
	}
	start := d.src.mark()
	first := start.line
	err := d.top(func() bool {
		// A second object on the next line: these are lines.
		return d.src.mark().line > first && bytes.HasPrefix(d.src.peek(1), []byte{'{'})
	})
	var f *fault
	if err != nil {
		if e := d.report(err); e != nil || d.kind == bundle || !errors.As(err, &f) || f.at.line != first || f.at.offset == start.offset {
			return e
		}
		// A broken first line of several, when the next begins an object, too.
		if !d.src.nextLine() || !startsMember(d.src.peek(64)) {
			return d.readError()
		}
	}
	if !d.src.more() {
		return d.readError()
	}
	return d.lines()
}

// lines reads a resource or a Bundle from each line from here on.
func (d *decoder) lines() error {
	d.src.byLine = true
	d.src.limit()
	nothing := d.src.offset() < 4
	for {
		if done, err := d.wholeLine(); err != nil {
			return err
		} else if done {
			nothing = false
		} else if _, err := d.res.space(); err == nil {
			nothing = false
			if err := d.top(nil); err != nil {
				if err := d.report(err); err != nil {
					return err
				}
			}
		}
		if !d.src.nextLine() {
			if err := d.readError(); err != nil || !nothing {
				return err
			}
			return d.refuse(mark{}, "it is empty")
		}
	}
}

// report turns what ended a value early into a refusal; it gives an error when
// the reading must end.
func (d *decoder) report(err error) error {
	var f *fault
	switch {
	case errors.As(err, &f):
		return d.refuse(f.at, f.reason)
	case errors.Is(err, errEnded):
		if d.src.lim == d.src.end { // not the end of a line
			if err := d.readError(); err != nil {
				return err
			}
		}
		d.src.pos = d.src.lim
		return d.refuse(d.src.mark(), fmt.Sprintf("it ends in the middle, at byte %d", d.src.offset()))
	}
	return err
}

// readError gives what ended the reading of the file. A Refusal from below (a
// broken archive) has been passed on when it gives errStop.
func (d *decoder) readError() error {
	err := d.src.err
	if err == nil || err == io.EOF {
		return nil
	}
	var r *vault.Refusal
	if !errors.As(err, &r) {
		return err
	}
	if !d.yield(vault.Item{}, r) {
		return errStop
	}
	return errStop
}

// place tells people where to look.
func (d *decoder) place(m mark) string {
	switch {
	case m.line == 0:
		return ""
	case d.entry > 0 && d.src.byLine:
		return fmt.Sprintf("line %d, entry %d, column %d", m.line, d.entry, m.column)
	case d.entry > 0:
		return fmt.Sprintf("entry %d, line %d, column %d", d.entry, m.line, m.column)
	}
	return fmt.Sprintf("line %d, column %d", m.line, m.column)
}

func (d *decoder) refuse(m mark, reason string) error {
	return d.give(vault.Item{}, &vault.Refusal{Input: d.name, Place: d.place(m), Reason: reason})
}

// give hands over an item or a refusal, now or when a history has been read.
func (d *decoder) give(it vault.Item, err error) error {
	if e := d.ctx.Err(); e != nil {
		return e
	}
	if d.hold {
		return d.keep(it, err)
	}
	if !d.yield(it, err) {
		return errStop
	}
	return nil
}
