package store

import (
	"encoding/binary"
	"fmt"

	"phivault/vault"
)

// A brief, version 1: u8 1 · text template · id · date · text title · text value ·
// text flag · for each measure of the template: text value · text flag. FORMAT.md
// tells the parts. One that refers to no phrase stands for itself.
const briefV1 = 1

// Bounds: a brief that would be larger is not kept, and the payload is read instead.
const maxBrief = 16 << 10

// same is the text that stands elsewhere in the brief: a title that is the display
// of the code, a measure's value or flag that is the resource's.
const same = 1

var errBrief = fmt.Errorf("%w: a brief is malformed", vault.ErrIntegrity)

// template is what many records say alike.
type template struct {
	typ, status, unit string
	code              vault.Coding
	codings           []vault.Coding
	measures          []vault.Measure // without values and flags
}

// briefOf gives the brief of r without phrases; nil when it would be too large.
func briefOf(r *vault.Row) []byte {
	t := appendTemplate(nil, r)
	if len(t) > maxBrief {
		return nil
	}
	b := append(make([]byte, 0, len(t)+96), briefV1)
	b = appendText(b, string(t))
	b = appendID(b, r.FHIRID)
	b = appendDate(b, r.Date)
	b = appendSame(b, r.Title, r.Code.Display)
	b = appendText(b, r.Value)
	b = appendText(b, r.Flag)
	for i := range r.Measures {
		b = appendSame(b, r.Measures[i].Value, r.Value)
		b = appendSame(b, r.Measures[i].Flag, r.Flag)
	}
	if len(b) > maxBrief {
		return nil
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))<<1), s...)
}

func appendPhrase(b []byte, n int64) []byte { return binary.AppendUvarint(b, uint64(n)<<1|1) }

func appendSame(b []byte, s, other string) []byte {
	if s != "" && s == other {
		return append(b, same)
	}
	return appendText(b, s)
}

// templater writes each string once: the others refer to it by its number.
type templater struct {
	b    []byte
	seen []string
}

func (t *templater) text(s string) {
	if s == "" {
		t.b = append(t.b, 0)
		return
	}
	for i, x := range t.seen {
		if x == s {
			t.b = binary.AppendUvarint(t.b, uint64(i)<<1|1)
			return
		}
	}
	if len(t.seen) < maxShared {
		t.seen = append(t.seen, s)
	}
	t.b = appendText(t.b, s)
}

// maxShared bounds the strings of a template that may be referred to.
const maxShared = 64

func (t *templater) codings(all []vault.Coding) {
	t.b = binary.AppendUvarint(t.b, uint64(len(all)))
	for _, c := range all {
		t.coding(c)
	}
}

func (t *templater) coding(c vault.Coding) {
	t.text(c.System)
	t.text(c.Code)
	t.text(c.Display)
}

func appendTemplate(b []byte, r *vault.Row) []byte {
	var shared [maxShared]string
	t := templater{b, shared[:0]}
	t.text(r.Type)
	t.text(r.Status)
	t.text(r.Unit)
	t.coding(r.Code)
	t.codings(r.Codings)
	t.b = binary.AppendUvarint(t.b, uint64(len(r.Measures)))
	for i := range r.Measures {
		m := &r.Measures[i]
		t.codings(m.Codings)
		for _, s := range [...]string{m.Name, m.Unit, m.UnitCode, m.Low, m.High, m.Range, m.Absent} {
			t.text(s)
		}
		if len(t.b) > maxBrief {
			break
		}
	}
	return t.b
}

// unbriefer reads what was written; after an error everything is empty.
type unbriefer struct {
	b    string
	bad  bool
	seen []string // of a template
}

func (u *unbriefer) number() uint64 {
	var n uint64
	for i := 0; i < len(u.b) && i < binary.MaxVarintLen64; i++ {
		n |= uint64(u.b[i]&0x7f) << (7 * i)
		if u.b[i] < 0x80 {
			u.b = u.b[i+1:]
			return n
		}
	}
	u.fail()
	return 0
}

func (u *unbriefer) fail() { u.bad, u.b = true, "" }

func (u *unbriefer) take(n uint64) string {
	if n > uint64(len(u.b)) {
		u.fail()
		return ""
	}
	s := u.b[:n]
	u.b = u.b[n:]
	return s
}

// shared reads a string of a template.
func (u *unbriefer) shared() string {
	n := u.number()
	if n&1 == 0 {
		s := u.take(n >> 1)
		if s != "" && len(u.seen) < maxShared {
			u.seen = append(u.seen, s)
		}
		return s
	}
	if n >>= 1; n >= uint64(len(u.seen)) {
		u.fail()
		return ""
	}
	return u.seen[n]
}

func (u *unbriefer) coding() vault.Coding {
	return vault.Coding{System: u.shared(), Code: u.shared(), Display: u.shared()}
}

// count reads the number of things of which each takes least bytes.
func (u *unbriefer) count(least int) int {
	n := u.number()
	if n > uint64(len(u.b)/least) {
		u.fail()
		return 0
	}
	return int(n)
}

func (u *unbriefer) codings() []vault.Coding {
	n := u.count(3)
	if n == 0 {
		return nil
	}
	all := make([]vault.Coding, n)
	for i := range all {
		all[i] = u.coding()
	}
	return all
}

// parseTemplate reads a template; its strings lie within data.
func parseTemplate(data string) (*template, error) {
	var shared [maxShared]string
	u := unbriefer{b: data, seen: shared[:0]}
	t := &template{typ: u.shared(), status: u.shared(), unit: u.shared(), code: u.coding(), codings: u.codings()}
	if n := u.count(8); n > 0 {
		t.measures = make([]vault.Measure, n)
		for i := range t.measures {
			m := &t.measures[i]
			m.Codings = u.codings()
			for _, to := range [...]*string{&m.Name, &m.Unit, &m.UnitCode, &m.Low, &m.High, &m.Range, &m.Absent} {
				*to = u.shared()
			}
		}
	}
	if u.bad || u.b != "" {
		return nil, errBrief
	}
	return t, nil
}

// phrases gives what briefs refer to. data is what is kept under a number.
type phrases interface {
	text(n int64) (string, error)
	template(n int64) (*template, error)
}

// text reads a string, or finds the phrase that it refers to; other is what same
// means.
func (u *unbriefer) text(ph phrases, other string) (string, error) {
	n := u.number()
	switch {
	case n == same:
		return other, nil
	case n&1 == 1:
		return ph.text(int64(n >> 1))
	}
	return u.take(n >> 1), nil
}

// parseBrief fills in what b says. Strings may lie within b.
func parseBrief(b string, ph phrases, r *vault.Row) (err error) {
	u := unbriefer{b: b}
	if v := u.take(1); v != "\x01" {
		if !u.bad && v[0] > briefV1 {
			return ErrNewer
		}
		return errBrief
	}
	var t *template
	if n := u.number(); n&1 == 1 {
		t, err = ph.template(int64(n >> 1))
	} else {
		t, err = parseTemplate(u.take(n >> 1))
	}
	if err != nil {
		return err
	}
	r.Type, r.Status, r.Unit, r.Code, r.Codings, r.Measures = t.typ, t.status, t.unit, t.code, t.codings, nil
	r.FHIRID, r.Date = u.id(), u.date()
	if r.Title, err = u.text(ph, r.Code.Display); err != nil {
		return err
	}
	if r.Value, err = u.text(ph, ""); err != nil {
		return err
	}
	if r.Flag, err = u.text(ph, ""); err != nil {
		return err
	}
	if len(t.measures) > 0 {
		r.Measures = make([]vault.Measure, len(t.measures))
		copy(r.Measures, t.measures)
	}
	for i := range r.Measures {
		if r.Measures[i].Value, err = u.text(ph, r.Value); err != nil {
			return err
		}
		if r.Measures[i].Flag, err = u.text(ph, r.Flag); err != nil {
			return err
		}
	}
	if u.bad || u.b != "" {
		return errBrief
	}
	return nil
}
