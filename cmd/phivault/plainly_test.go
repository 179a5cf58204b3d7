package main

import (
	"errors"
	"fmt"
	"testing"

	"phivault/crypto/identity"
	"phivault/vault/journal"
)

func TestWhatARemoteDidIsSaidPlainlyFirstAndByLetters(t *testing.T) {
	letter := func(half string) string { return map[string]string{"9efc202c": "B"}[half] }
	for want, err := range map[string]error{
		"it gave something that no device of this vault may have written (device B, segment 8: its writer is no member)": fmt.Errorf("%w: device 9efc202c, log 0, segment 8: its writer is no member", journal.ErrForged),
		"it gave something that does not open: damaged, swapped, or not whole yet (v1/x has 3 bytes)":                    fmt.Errorf("%w: v1/x has 3 bytes", journal.ErrUnreadable),
		"two histories: device B, log 2, segment 8: other":                                                               fmt.Errorf("%w: device 9efc202c, log 2, segment 8: other", journal.ErrFork),
		"two histories: device aaaaaaaa, log 0, segment 8":                                                               fmt.Errorf("%w: device aaaaaaaa, log 0, segment 8", journal.ErrFork),
		"it lost or changed what was there, or was put back to an older state (device A, segment 3 is absent)":           fmt.Errorf("%w (device A, segment 3 is absent)", journal.ErrGone),
	} {
		said := say(err, letter)
		if said.Error() != want {
			t.Errorf("%q\nis not %q", said, want)
		}
		before, _, _ := explain(err)
		if after, why, _ := explain(said); after != before || why != want {
			t.Errorf("%q is %v, was %v", why, after.code, before.code)
		}
	}
	if say(nil, letter) != nil || !errors.Is(say(journal.ErrForged, letter), journal.ErrForged) {
		t.Error("the kind is lost")
	}
}

// Two devices whose ids begin alike, which whoever makes one may bring about, are told by
// what is left of their ids. Seen to name the second with the last letter kept.
func TestNobodyIsBlamedForADeviceWhoseIDBeginsAlike(t *testing.T) {
	got := byHalf([]journal.Member{{Device: identity.DeviceID{1, 2, 3, 4, 5}, Letter: "A"}, {Device: identity.DeviceID{9}, Letter: "B"}, {Device: identity.DeviceID{1, 2, 3, 4, 6}, Letter: "C"}})
	if got["01020304"] != "" || got["09000000"] != "B" {
		t.Errorf("%v", got)
	}
}
