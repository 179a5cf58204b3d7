package main

import (
	"context"
	"strconv"
	"strings"

	"phivault/crypto/identity"
	"phivault/sync/remote"
	"phivault/vault/local"
)

// askWords asks for an invitation's 12 words.
func askWords(ctx context.Context, t *terminal) (identity.Invitation, error) {
	t.say("Type the 12 words of the inviting device; four letters of each are enough. Esc leaves.\n")
	for try := 1; ; try++ {
		typed, err := t.shown(ctx, "Words: ")
		if err != nil {
			return identity.Invitation{}, err
		}
		i, err := identity.ParseInvitation(string(typed.Bytes()))
		why := wordsFault(string(typed.Bytes()))
		typed.Destroy()
		if err == nil || try == triesMost {
			return i, err
		}
		t.say(why + " Look again.\n")
	}
}

// wordsFault says what is wrong with words that are no invitation, and none of them.
func wordsFault(typed string) string {
	switch n := len(strings.Fields(typed)); {
	case identity.UnknownWord(typed) > 0:
		return "Word " + strconv.Itoa(identity.UnknownWord(typed)) + " is not of the list."
	case n != 12:
		return "Those are " + strconv.Itoa(n) + " words and not 12."
	}
	return "These words do not belong together: one of them is another."
}

// meeting is the remote that an invitation leads to. Words say nothing of it.
func (a *app) meeting(ctx context.Context, i identity.Invitation, f *joinFlags) (local.Remote, error) {
	if i.Remote != "" {
		if f.access != (remoteFlags{}) {
			return local.Remote{}, usage("--pin and --credentials-file go with words: the invitation has its own", "")
		}
		if f.place != "" {
			i.Remote = f.place
		}
		return invited(i, f.remote)
	}
	p, err := a.whichPlace(ctx, f.place)
	if err != nil {
		return local.Remote{}, err
	}
	r := local.Remote{Name: f.remote, URL: p.String(), Pin: f.access.pin}
	space, must, may := remote.Join, []string(nil), []string(nil)
	if p.kind == placeHost {
		must = []string{secretToken}
		if space, err = remote.ParseSpace(strings.Trim(p.url.Path, "/")); err != nil {
			return r, usage("the host's address has to end with the vault's part", `"phivault remote list" on the other device shows it whole`)
		}
	} else {
		must, may = p.needs()
	}
	if r.Secrets, err = a.credentials(ctx, f.access.credentials, must, may); err != nil {
		return r, err
	}
	return r, because(ready(ctx, p, space, &r), "the remote")
}

// whichPlace reads the address, and asks for it when it was not given.
func (a *app) whichPlace(ctx context.Context, address string) (place, error) {
	if address == "" {
		t, err := a.prompt()
		if err != nil {
			return place{}, usage("words say nothing of the remote", "give its address with --place")
		}
		defer t.close()
		if address, err = t.line(ctx, "The remote's address, as seen from here: "); err != nil {
			return place{}, err
		}
	}
	return parsePlace(placeOf(address))
}
