package main

import (
	"errors"
	"io"
	"strings"
	"testing"

	"phivault/crypto/identity"
)

// An invitation is taken as soon as it is whole, while who wrote it waits at the other
// end of the pipe: also one that a mail program broke into lines.
func TestAnInvitationIsTakenFromAPipeThatStaysOpen(t *testing.T) {
	want := identity.NewInvitation()
	want.Remote = "https://host.example:8443"
	text, err := want.Text()
	if err != nil {
		t.Fatal(err)
	}
	for name, said := range map[string]string{
		"one line": text + "\n",
		"broken":   "\n" + text[:40] + "\n  " + text[40:] + "\n",
		"words":    want.Words() + "\n",
	} {
		r, w := io.Pipe()
		go io.WriteString(w, said)
		got, err := invitationFrom(r)
		if err != nil || got.Secret != want.Secret || name != "words" && got.Remote != want.Remote {
			t.Errorf("%s: %v", name, err)
		}
		r.Close()
	}
	for _, bad := range []string{"", text[:60], strings.Repeat("x\n", invitationMost)} {
		if _, err := invitationFrom(strings.NewReader(bad)); !errors.Is(err, identity.ErrInvitation) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
}
