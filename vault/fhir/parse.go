package fhir

import (
	"sort"
	"strings"

	"phivault/vault"
)

// Bounds of a view, so that a hostile resource cannot make it larger than
// itself. Nothing of the resource is lost: its bytes are kept.
const (
	maxText  = 1 << 20
	maxLine  = 1000 // bytes of a title or value; what is longer ends with an ellipsis
	maxCodes = 4096 // codings, measures, identifiers
)

// Options vary how a resource is read. The zero value is what Parse does.
type Options struct {
	Depth int // nesting of JSON that is accepted; 0: as vault.DefaultLimits
	// Note gives the content of an attachment that was cut out, for search.
	// It is asked only for those of a text type, and the first MiB is enough.
	// nil, as well as a nil result, leaves it out.
	Note func(vault.Cut) []byte
	// Accepted says that Parse has accepted these very bytes before, as a hash of
	// them tells: their syntax is then not judged again, which halves the time.
	Accepted bool
	// RowOnly, with Accepted, fills only what a Row shows, Type, ID and Subject. The
	// strings lie within json: they are good until that changes.
	RowOnly bool
	// Enough, of the method Text alone, is given the text part by part, of whole words
	// each; what follows once it is true is left out. nil: the text is whole.
	Enough func(part []byte) bool
}

// Parse reads one resource and fills every view of it. json and cuts become the
// resource's; they must not change afterwards. The error is a *SyntaxError.
func Parse(json []byte, cuts []vault.Cut) (vault.Resource, error) {
	return Options{}.Parse(json, cuts)
}

// Parse is like the function Parse.
func (o Options) Parse(json []byte, cuts []vault.Cut) (vault.Resource, error) {
	s := newScratch()
	defer s.free()
	s.lent = o.RowOnly
	d, err := s.scanAs(json, o.Depth, o.Accepted)
	if err != nil {
		return vault.Resource{}, err
	}
	r := vault.Resource{JSON: json, Cuts: cuts}
	if err := identify(&d, &r); err != nil {
		return vault.Resource{}, err
	}
	if err := checkCuts(&d, cuts); err != nil {
		return vault.Resource{}, err
	}
	if o.RowOnly {
		d.row(&r)
		return r, nil
	}
	d.view(&r)
	r.Text = s.text.collect(&d, &r, o.Note)
	return r, nil
}

// Text gives the Text of what Parse gives, of which the title, value and unit are
// known, at half its cost.
func (o Options) Text(json []byte, cuts []vault.Cut, title, value, unit string) (string, error) {
	s := newScratch()
	defer s.free()
	d, err := s.scanAs(json, o.Depth, o.Accepted)
	if err != nil {
		return "", err
	}
	s.text.enough = o.Enough
	return s.text.collect(&d, &vault.Resource{Title: title, Value: value, Unit: unit, Cuts: cuts}, o.Note), nil
}

// identify reads what names the resource.
func identify(d *doc, r *vault.Resource) error {
	if d.kind(0) != '{' {
		return refuse(int(d.nodes[0].start), "it is not a JSON object")
	}
	t := d.get(0, "resourceType")
	if t == none {
		return refuse(0, "it has no resourceType, so it is no FHIR resource")
	}
	r.Type = d.str(t)
	if !validType(r.Type) {
		return refuse(int(d.nodes[t].start), "its resourceType is not a name of letters")
	}
	for i, end := d.members(0); i < end; i = d.after(i) {
		if d.named(i, "id") {
			if r.ID = d.str(i); !validID(r.ID) {
				return refuse(int(d.nodes[i].start), "its id is not 1 to 64 letters, digits, - and .")
			}
			break
		}
	}
	return nil
}

// checkCuts holds each cut to a string value that is empty without it.
func checkCuts(d *doc, cuts []vault.Cut) error {
	last := int64(-1)
	for _, c := range cuts {
		if c.Offset <= last || c.Offset >= int64(len(d.json)) || c.Size < 0 {
			return refuse(0, "an attachment's place is outside its record")
		}
		last = c.Offset
		at := uint32(c.Offset)
		// Beginnings ascend; the last node that begins here is the innermost.
		i := sort.Search(len(d.nodes), func(i int) bool { return d.nodes[i].start > at }) - 1
		if i < 0 || d.kind(i) != '"' || d.nodes[i].start != at || d.nodes[i].end != at {
			return refuse(int(at), "an attachment's place is not an empty string")
		}
	}
	return nil
}

// view fills everything but the text.
func (d *doc) view(r *vault.Resource) {
	source, _, _ := strings.Cut(d.text(d.get(0, "meta"), "source"), "#")
	r.MetaSource = source
	r.Identifiers = d.identifiers(0)
	if r.Type == "Patient" {
		r.Person = d.person(r.Identifiers)
	}
	d.row(r)
}

// row fills what a row shows, and the subject.
func (d *doc) row(r *vault.Resource) {
	sh := shapeOf(r.Type)
	r.Subject = d.subject(0, sh)
	r.Date = d.date(0, sh)
	r.Title = oneLine(d.title(0, r.Type, sh))
	r.Status = d.status(0, sh)
	d.codes(r, sh)
	if r.Type == "Observation" {
		d.observation(r)
	} else {
		r.Value, r.Unit = d.amount(0, r.Type)
	}
	r.Value = oneLine(r.Value)
}

func (d *doc) identifiers(obj int) []vault.Identifier {
	var ids []vault.Identifier
	for c, end := d.span(d.get(obj, "identifier")); c < end && len(ids) < maxCodes; c = d.after(c) {
		if v := d.text(c, "value"); v != "" {
			ids = append(ids, vault.Identifier{System: d.text(c, "system"), Value: v})
		}
	}
	return ids
}
