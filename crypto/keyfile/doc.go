// Package keyfile turns a passphrase into the device bundle: everything secret
// that a device holds, sealed in one small local file.
//
// It promises that parameters below the compiled floors or above the ceilings
// are refused before a single derivation, that an unknown version, suite or
// profile is refused, that a file is replaced whole or not at all, and that a
// wrong passphrase and a damaged file are one error, [ErrPassphrase].
//
// It knows no way in without the passphrase: no escrow, no reset, no hint. It
// never uploads anything, and nothing here may be uploaded: whoever holds the
// file can try passphrases against it. The bytes are specified in crypto/SPEC.md.
package keyfile
