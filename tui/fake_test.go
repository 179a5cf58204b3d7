package tui

import (
	"context"
	"errors"
	"iter"

	"phivault/crypto/secret"
	"phivault/vault"
)

// nobody is an opener that opens nothing.
type nobody struct{}

var _ Opener = nobody{}

var errNobody = errors.New("nobody is here")

func (nobody) Look(context.Context) (Place, error)                    { return Place{}, errNobody }
func (nobody) Open(context.Context, *secret.Bytes) (Session, error)   { return nil, errNobody }
func (nobody) Create(context.Context, *secret.Bytes) (Session, error) { return nil, errNobody }
func (nobody) Strength(*secret.Bytes) (bool, string)                  { return false, "" }
func (nobody) Generate() (*secret.Bytes, error)                       { return nil, errNobody }

// empty is a session that holds no record.
type empty struct{}

var _ Session = empty{}

func (empty) Records() Records            { return noRecords{} }
func (empty) Survey() Survey              { return nil }
func (empty) Editor() Editor              { return nil }
func (empty) Exchange() Exchange          { return nil }
func (empty) Close(context.Context) error { return nil }

// noRecords finds nothing; its other methods are not asked.
type noRecords struct{ Records }

func (noRecords) Find(context.Context, vault.Query) iter.Seq2[vault.Record, error] {
	return func(func(vault.Record, error) bool) {}
}

func (noRecords) Rows(context.Context, vault.Query) iter.Seq2[vault.Row, error] {
	return func(func(vault.Row, error) bool) {}
}

// falls is a session whose questions panic.
type falls struct{ empty }

func (falls) Records() Records { panic("a record's text") }

// counted counts how often it is closed.
type counted struct {
	empty
	n *int
}

func (c counted) Close(context.Context) error { *c.n++; return nil }
