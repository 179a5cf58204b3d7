package main

import (
	"phivault/vault/journal"
)

// kin says who goes on having what a removed device had: a copy of a device has its
// keys, and its access to remotes, until both are removed.
func kin(all []journal.Member, removed journal.Member) (notes []string) {
	for _, m := range all {
		switch {
		case m.Removed || m.Letter == removed.Letter:
		case m.Letter == removed.Of:
			notes = append(notes, "device "+removed.Letter+" was a copy of device "+m.Letter+", so whoever made it has the keys of "+m.Letter+
				` and its access to remotes, and can read on and make another copy; unless it was yours, run "phivault device remove `+m.Letter+`" too`)
		case m.Of == removed.Letter:
			notes = append(notes, "device "+m.Letter+" was a copy of device "+removed.Letter+" and stays; unless it is yours, run \"phivault device remove "+
				m.Letter+`" too; at a phivault-host it has access of its own since it synced last`)
		}
	}
	return notes
}
