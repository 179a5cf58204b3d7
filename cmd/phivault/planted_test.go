package main

import (
	"context"
	"encoding/base64"
	"errors"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"

	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/vault/local"
)

// plant NAME DIR LETTER has the second device's key, an owner's, put another key on file
// at the host, under the label of the device of that letter: for the day when it is
// removed. "-" for that of nobody.
func plantScript(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	p := secret.FromBytes([]byte(secondPassphrase))
	defer p.Destroy()
	v, err := local.Open(ctx, filepath.Join(ts.Getenv("WORK"), args[1]), p, local.Options{StateDir: ts.Getenv("XDG_STATE_HOME"), Command: "phivault test"})
	ts.Check(err)
	defer v.Close(ctx)
	list, err := v.Remotes(ctx)
	ts.Check(err)
	h, err := hostOf(list[0])
	ts.Check(err)
	defer h.Close()
	j, err := v.Journal(ctx)
	ts.Check(err)
	a := hosted.Access{Label: [32]byte{1}}
	for _, m := range j.Members() {
		if m.Letter == args[2] {
			a.Label = j.AccessLabel(m.Device)
		}
	}
	seed, public, err := newHostKey()
	ts.Check(err)
	a.Key = public
	ts.Check(h.Assign(ctx, a))
	ts.Setenv(args[0], seed)
}

// keyof NAME DIR takes the host-access key that a device's vault has now.
func keyofScript(ts *testscript.TestScript, _ bool, args []string) {
	ctx := context.Background()
	p := secret.FromBytes([]byte(secondPassphrase))
	defer p.Destroy()
	v, err := local.Open(ctx, filepath.Join(ts.Getenv("WORK"), args[1]), p, local.Options{StateDir: ts.Getenv("XDG_STATE_HOME"), Command: "phivault test"})
	ts.Check(err)
	defer v.Close(ctx)
	list, err := v.Remotes(ctx)
	ts.Check(err)
	ts.Setenv(args[0], list[0].Secrets[secretAccess])
	ts.Setenv("URL", list[0].URL)
}

// access SEED works, or with a ! before it does not: the host knows the key, or no more.
func accessScript(ts *testscript.TestScript, neg bool, args []string) {
	if _, err := base64.RawStdEncoding.DecodeString(args[0]); err != nil || args[0] == "" {
		ts.Fatalf("no key")
	}
	c, err := openRemote(local.Remote{URL: ts.Getenv("URL"), Pin: ts.Getenv("PIN"), Secrets: map[string]string{secretAccess: args[0]}})
	ts.Check(err)
	defer c.Close()
	p, err := parsePlace(ts.Getenv("URL"))
	ts.Check(err)
	space, err := remote.ParseSpace(filepath.Base(p.url.Path))
	ts.Check(err)
	err = answers(context.Background(), c, space)
	if neg != errors.Is(err, remote.ErrStranger) || !neg && err != nil {
		ts.Fatalf("%v", err)
	}
}
