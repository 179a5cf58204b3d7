package main

import (
	"context"
	"errors"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/strength"
	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault"
	"phivault/vault/local"
)

// opener is the vault of this command line, for the interface.
type opener struct{ a *app }

var _ tui.Opener = (*opener)(nil)

func (o *opener) Look(context.Context) (tui.Place, error) {
	dir, err := o.a.dir()
	if err != nil {
		return tui.Place{}, err
	}
	_, err = local.Inspect(dir)
	if err != nil && !errors.Is(err, vault.ErrNoVault) {
		return tui.Place{}, err
	}
	return tui.Place{Dir: dir, Exists: err == nil}, nil
}

// options are the command line's, but what the owner should know goes to the
// screen and not over it.
func (o *opener) options(s *shown) local.Options {
	lo := o.a.options()
	lo.Command = "phivault"
	lo.Notice = func(n local.Notice) {
		if n.Kind != local.NoticeNoAnchor && n.Kind != local.NoticeKeyring {
			s.said = append(s.said, n.Text)
		}
	}
	return lo
}

func (o *opener) Open(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	dir, err := o.a.dir()
	if err != nil {
		return nil, err
	}
	code, err := o.a.deviceSecret()
	if err != nil {
		return nil, err
	}
	defer code.Destroy()
	s := &shown{}
	lo := o.options(s)
	lo.DeviceSecret = code
	v, err := local.Open(ctx, dir, p, lo)
	if err != nil {
		return nil, err
	}
	s.open(o.a, v)
	return s, nil
}

func (o *opener) Create(ctx context.Context, p *secret.Bytes) (tui.Session, error) {
	dir, err := o.a.dir()
	if err != nil {
		return nil, err
	}
	s := &shown{}
	v, err := local.Create(ctx, dir, p, keyfile.DefaultParams(), o.options(s))
	if err != nil {
		return nil, err
	}
	s.open(o.a, v)
	return s, nil
}

func (o *opener) Strength(p *secret.Bytes) (bool, string) {
	e := strength.Of(p)
	return e.Score >= weakBelow, strengthText(e)
}

func (o *opener) Generate() (*secret.Bytes, error) {
	p, _, err := strength.Generate(strength.MinWords)
	return p, err
}
