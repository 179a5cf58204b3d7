package main

import (
	"context"

	"phivault/tui"
)

// sharedRemotes are the remotes, for the interface.
type sharedRemotes struct{ x *sharing }

func (r sharedRemotes) Needs(address string) ([]tui.Need, error) {
	p, err := parsePlace(placeOf(address))
	if err != nil {
		return nil, err
	}
	var out []tui.Need
	must, may := p.asks()
	for _, n := range must {
		out = append(out, tui.Need{Name: n, Must: true})
	}
	for _, n := range may {
		out = append(out, tui.Need{Name: n})
	}
	return out, nil
}

// placeOf is an address as a person writes it, who has no shell here.
func placeOf(address string) string {
	if len(address) > len(placeFolder) && address[:len(placeFolder)+1] == placeFolder+":" {
		return placeFolder + ":" + home(address[len(placeFolder)+1:])
	}
	return address
}

func (r sharedRemotes) Add(ctx context.Context, n tui.NewRemote) (made string, err error) {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	m, p, err := r.x.s.newRemote(ctx, n.Name, placeOf(n.Address), n.Pin)
	if err != nil {
		return "", err
	}
	m.Secrets = map[string]string{}
	for name, c := range n.Credentials {
		if c.Len() > 0 {
			m.Secrets[name] = string(c.Bytes())
		}
	}
	must, _ := p.asks()
	for _, name := range must {
		if m.Secrets[name] == "" {
			return "", usage("this remote needs its "+name, "")
		}
	}
	if p.kind == placeFolder && !exists(p.dir) {
		made = p.dir
	}
	if _, err := r.x.s.addRemote(ctx, p, m); err != nil {
		return "", err
	}
	r.x.tellChanged()
	return made, nil
}

func (r sharedRemotes) Test(ctx context.Context, name string) error {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	list, err := r.x.s.chosen(ctx, []string{name})
	if err != nil {
		return err
	}
	return r.x.s.tryRemote(ctx, list[0])
}

func (r sharedRemotes) Remove(ctx context.Context, name string) error {
	ctx, done, err := r.x.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := r.x.s.RemoveRemote(ctx, name); err != nil {
		return err
	}
	r.x.tellChanged()
	return nil
}
