package keyfile

import "errors"

// Errors. Those before a derivation tell what is wrong; after one there is only
// ErrPassphrase.
var (
	// ErrPassphrase: a wrong passphrase, a wrong device secret, or a damaged
	// file. Nobody can tell which.
	ErrPassphrase = errors.New("wrong passphrase or damaged key file")
	// ErrParams: key derivation parameters outside the compiled limits.
	ErrParams = errors.New("keyfile: key derivation parameters refused")
	// ErrFormat: not a key file, cut short, or with something after its end.
	ErrFormat = errors.New("keyfile: not a key file, or not a whole one")
	// ErrVersion: a format version, suite or profile that this program does not know.
	ErrVersion = errors.New("keyfile: unknown version, suite or profile")
	// ErrDeviceSecret: the file needs a device secret and none was given, or
	// one of a wrong length.
	ErrDeviceSecret = errors.New("keyfile: a device secret of 32 bytes is needed")
	// ErrUnsynced: the new file is in place and in force, and the disk did not
	// confirm it: a power cut may bring the old one back.
	ErrUnsynced = errors.New("the new file is in place, but the disk did not confirm that it lasts")
	// ErrUnusable: the passphrase is empty or longer than MaxPassphrase.
	ErrUnusable = errors.New("keyfile: the passphrase is empty or over 1024 bytes")
)
