package local

import (
	"context"
	"errors"

	"phivault/vault"
)

// Keyring keeps small values outside the vault's folder, where someone who
// writes to the disk cannot put old ones back. Values are text of at most
// MaxKeyringValue bytes. A call ends in bounded time even when the system shows a
// prompt that nobody answers. Implemented by vault/local/oskeyring.
type Keyring interface {
	// Get gives the value, or ErrNoItem when the keyring answers and has none.
	Get(ctx context.Context, name string) (string, error)
	// Set keeps the value, in place of any that was there.
	Set(ctx context.Context, name, value string) error
	// Delete removes the value; ErrNoItem when there is none.
	Delete(ctx context.Context, name string) error
}

// MaxKeyringValue is what every platform's keyring can hold in one item, the
// least being Windows' (CRED_MAX_CREDENTIAL_BLOB_SIZE).
const MaxKeyringValue = 2560

var (
	// ErrNoItem is a keyring's answer that it does not hold the item, as opposed
	// to no answer.
	ErrNoItem = errors.New("not in the keyring")
	// ErrNoKeyring is what needs a keyring where none was given.
	ErrNoKeyring = errors.New("no keyring is in use")
)

func anchorItem(id vault.Hash) string { return "anchor " + id.String() }
func secretItem(id vault.Hash) string { return "device secret " + id.String() }
