// Package identity holds a device's keys: what others know of it, signatures, keys
// wrapped to another device, and invitations. It encodes the genesis record that
// a vault is named after.
//
// A device signs with Ed25519 (RFC 8032) and receives keys by HPKE with X-Wing
// (MLKEM768X25519, RFC 9180 and draft-connolly-cfrg-xwing-kem); both keys follow
// from 32-byte seeds that live in the device bundle. Encodings are canonical:
// one record, one sequence of bytes; an unknown version or suite does not parse.
//
// It never stores a seed and never decides whom to trust.
package identity
