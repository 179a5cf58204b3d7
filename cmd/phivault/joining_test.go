package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"phivault/crypto/identity"
	"phivault/sync/remote/folder"
	"phivault/vault/local"
)

// Who tries again after a join that broke off is not told that somebody stole it.
func TestAnInvitationServesOneTry(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cloud")
	c, err := folder.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	i := identity.NewInvitation()
	for try := range 2 {
		w, err := newJoining(i, local.Remote{Name: "main", URL: "folder:" + dir}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.ask(t.Context(), "desk")
		w.close()
		if try == 0 {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		if o, why, hint := explain(err); o.code != "expired" || why != "the invitation was used already" || !strings.HasPrefix(hint, "it serves one try, also one that broke off: ") ||
			!strings.HasSuffix(hint, "; if nobody of yours tried it, somebody else has it") {
			t.Errorf("%s %q %q", o.code, why, hint)
		}
	}
}
