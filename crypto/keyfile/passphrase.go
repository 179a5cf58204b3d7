package keyfile

import (
	"golang.org/x/text/unicode/norm"

	"phivault/crypto/secret"
)

// MaxPassphrase is the longest passphrase in bytes, before normalisation.
const MaxPassphrase = 1024

// Every byte of a passphrase counts: nothing is trimmed, NUL and line breaks
// are bytes like others, and bytes that are not UTF-8 stay as they are. Taking
// the line break off a typed or piped line is the reader's business.
//
// Systems type the same letter as one code point or as two, so a new key file
// takes the passphrase in NFC (Unicode Annex 15), and opening tries NFC, NFD
// and the bytes as given, as far as they differ.

// normalised returns p in form f, in locked memory.
func normalised(p *secret.Bytes, f norm.Form) *secret.Bytes {
	// Neither form makes UTF-8 more than three times as long
	// (unicode.org/faq/normalization.html), so Append never leaves this memory.
	buf := secret.New(3*p.Len() + 64)
	defer buf.Destroy()
	out := f.Append(buf.Bytes()[:0], p.Bytes()...)
	exact := secret.New(len(out))
	copy(exact.Bytes(), out)
	return exact
}

// candidates are the distinct passphrases to try, NFC first. The caller
// destroys them.
func candidates(p *secret.Bytes) []*secret.Bytes {
	var list []*secret.Bytes
next:
	for _, c := range []*secret.Bytes{normalised(p, norm.NFC), normalised(p, norm.NFD), p.Clone()} {
		for _, have := range list {
			if have.Equal(c) {
				c.Destroy()
				continue next
			}
		}
		list = append(list, c)
	}
	return list
}

func checkPassphrase(p *secret.Bytes) error {
	if p.Len() == 0 || p.Len() > MaxPassphrase {
		return ErrUnusable
	}
	return nil
}
