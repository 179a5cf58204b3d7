package main

import (
	"context"
	"time"

	"phivault/tui"
	"phivault/vault"
	"phivault/vault/local"
)

// shown is the open vault, for the interface.
type shown struct {
	*local.Vault
	share *sharing
	said  []string
}

func (s *shown) open(a *app, v *local.Vault) {
	s.Vault, s.share = v, newSharing(&session{v, a})
}

// Close ends what is going on with remotes, then closes the vault.
func (s *shown) Close(ctx context.Context) error {
	s.share.close()
	return s.Vault.Close(ctx)
}

var (
	_ tui.Session  = (*shown)(nil)
	_ tui.Sharing  = (*shown)(nil)
	_ tui.Editor   = shownEditor{}
	_ tui.Exchange = shownExchange{}
	_ tui.Backed   = (*shown)(nil)
)

func (s *shown) LastBackup(ctx context.Context) (at time.Time, behind int64, err error) {
	st, err := s.Vault.Status(ctx)
	if err != nil || st.Backup == nil {
		return time.Time{}, 0, err
	}
	return st.Backup.At, st.Backup.Behind, nil
}

func (s *shown) Records() tui.Records     { return s.Vault.Vault }
func (s *shown) Survey() tui.Survey       { return s.Vault.Vault }
func (s *shown) Editor() tui.Editor       { return shownEditor{s.Vault.Vault, s.share} }
func (s *shown) Exchange() tui.Exchange   { return shownExchange{s.Vault} }
func (s *shown) Notices() []string        { return s.said }
func (s *shown) Remotes() tui.Remotes     { return s.share.Remotes() }
func (s *shown) Sync() tui.Sync           { return s.share.Sync() }
func (s *shown) Devices() tui.Devices     { return s.share.Devices() }
func (s *shown) Conflicts() tui.Conflicts { return s.share.Conflicts() }

type shownEditor struct {
	v     *vault.Vault
	share *sharing
}

func (e shownEditor) Add(ctx context.Context, source string, b []byte) (vault.Record, error) {
	r, err := parseOne(ctx, e.v, b)
	if err != nil {
		return vault.Record{}, err
	}
	return addTo(ctx, e.v, source, r)
}

func (e shownEditor) Edit(ctx context.Context, old vault.Record, b []byte) (vault.Record, error) {
	r, err := parseOne(ctx, e.v, b)
	if err != nil {
		return vault.Record{}, err
	}
	return e.v.Edit(ctx, old, r)
}

func (e shownEditor) Delete(ctx context.Context, r vault.Record) error {
	if r.Conflict {
		defer e.share.recount()
	}
	return e.v.Delete(ctx, r)
}
