package vault

import (
	"errors"
	"fmt"
)

// Errors that callers tell apart. None of them, nor what wraps them, ever
// carries content of a record, a name, a query or a secret.
var (
	ErrNotFound  = errors.New("no such record")
	ErrAmbiguous = errors.New("more than one record id begins like this")
	ErrDeleted   = errors.New("the record was deleted")
	ErrPurged    = fmt.Errorf("%w, and its content removed on purpose", ErrDeleted)
	ErrChanged   = errors.New("the record changed since it was read")
	ErrUsage     = errors.New("not understood")
	ErrLimit     = errors.New("over a limit")
	ErrIntegrity = errors.New("integrity check failed")
	ErrInUse     = errors.New("the vault is in use by another process")
	ErrNoVault   = errors.New("no vault here")
	ErrPerson    = errors.New("a patient with the same id is another person")
	ErrReadOnly  = errors.New("the vault's folder cannot be written")
	ErrFull      = errors.New("the disk is full")
	ErrRemaking  = errors.New("the index is being made anew, and the answer would lack records")
)

// Refusal is an input, or a part of one, that was not taken in. The rest of the
// input goes on. Reason is a clause in plain words that quotes nothing of the
// input; Place tells where to look ("line 12", "entry 3, byte 5120").
type Refusal struct {
	Input  string // file as the user named it
	Place  string
	Reason string
}

func (r *Refusal) Error() string {
	if r.Place == "" {
		return fmt.Sprintf("%s: %s", r.Input, r.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", r.Input, r.Place, r.Reason)
}
