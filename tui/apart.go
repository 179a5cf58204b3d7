package tui

import (
	"context"
	"iter"
	"strings"

	"phivault/tui/widget"
	"phivault/vault"
)

// namesakesMost patients that a name finds are looked at for namesakes.
const namesakesMost = 500

// apartRoom columns of what tells namesakes apart are shown.
const apartRoom = 15

// namesaking is what Records can as well: give the patients with the words of a name,
// without a note that they were read. *vault.Vault does.
type namesaking interface {
	Namesakes(ctx context.Context, name string, most int) iter.Seq2[vault.Record, error]
}

var _ namesaking = (*vault.Vault)(nil)

// alike is what makes two patients look like one; "" when neither name nor birth date
// is known.
func (p *patient) alike() string {
	if p.name == "" && p.born == "" {
		return ""
	}
	return p.sortAs + "\x00" + p.born
}

// tellApart gives each of the patients who has the same name and birth date as another
// of them what tells it apart: where it came from, else which record it is.
func tellApart(all []*patient) {
	groups := map[string][]*patient{}
	for _, p := range all {
		if k := p.alike(); k != "" {
			groups[k] = append(groups[k], p)
		}
	}
	for _, g := range groups {
		for _, p := range g {
			p.from(g)
		}
	}
}

// origin is the source as far as there is room for it.
func (p *patient) origin() string {
	return strings.TrimRight(widget.Fit(widget.Clean(p.source), apartRoom), " ")
}

func (p *patient) from(group []*patient) {
	p.apart = ""
	if len(group) < 2 {
		return
	}
	p.apart = "from " + p.origin()
	for _, o := range group {
		if o.id != p.id && o.origin() == p.origin() {
			p.apart = "record " + p.id.String()[:8]
			return
		}
	}
}

// known is p with what tells it apart from everyone in the vault. A failure leaves it as
// it was: whoever reads the vault next is told of it.
func known(ctx context.Context, in Records, p patient) patient {
	name := strings.Map(func(r rune) rune {
		if r == '"' || r == '*' {
			return ' '
		}
		return r
	}, p.name)
	if strings.TrimSpace(name) == "" {
		return p
	}
	v, ok := in.(namesaking)
	if !ok {
		return p
	}
	group := []*patient{&p}
	for r, err := range v.Namesakes(ctx, name, namesakesMost) {
		if err != nil {
			return p
		}
		if o := patientOf(&r); o.id != p.id && o.alike() == p.alike() {
			group = append(group, &o)
		}
	}
	p.from(group)
	return p
}

// namesake warns of a patient who has the same name and birth date as another.
func (p *patient) namesake() string {
	if p.apart == "" {
		return ""
	}
	return "Another patient here has this name and birth date. This one is " + p.apart + "."
}
