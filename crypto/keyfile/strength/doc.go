// Package strength tells how many guesses a passphrase withstands, and makes
// passphrases that withstand enough.
//
// The estimate follows zxcvbn (Wheeler, USENIX Security 2016): the cheapest way
// to cover the passphrase by common passphrases, words, names, keyboard runs,
// repeats, sequences, dates, and brute force. The word lists and the keyboard
// are those of zxcvbn-go; the matching is our own, because importing zxcvbn-go
// itself decodes all its lists at the start of every program (33 ms, paid by
// each command), and because it copies the passphrase into many strings. Here
// the lists are decoded at the first estimate, and what is derived from the
// passphrase is wiped.
//
// An estimate is advice. It knows nothing of the person, so it can only be too
// high.
package strength
