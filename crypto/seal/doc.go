// Package seal is the one construction for every sealed object: whatever leaves
// this device, and the key file that stays on it.
//
// An object is bound to its key (a commitment, checked before anything is
// decrypted), to its kind, and to a [Context] that is not sent, so no object can
// stand for another one, in another vault, epoch or role. It is a stream of
// chunks: none is released before it verified, and the end is reported only
// after the last one verified and nothing follows. Every reason for which an
// object does not open is the same error, [ErrOpen].
//
// It uses only what Go's FIPS 140-3 module allows under GODEBUG=fips140=only:
// HKDF-SHA-512, SHA-256 and AES-256-GCM with random nonces. The bytes are
// specified in crypto/SPEC.md.
//
// It never compresses, never reuses a derived key for a second object, and never
// tells the reasons for a refusal apart.
package seal
