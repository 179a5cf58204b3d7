package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

func (a *app) renameCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "rename NAME [DEVICE]",
		Short: "Give this device, or another one, a name that all devices show",
		Long: `Rename gives a device a name; without DEVICE this one. A device may name itself, an
owner may name any. Others see it when they have synced. A letter, and 4 to 32 digits and
letters from a to f, are no name: they could be taken for another device's letter or id.

DEVICE is its letter, its name, or its id, as "phivault device list" shows them.`,
		Args: takes(1, 2, "a name, and a device unless it is this one"),
		RunE: func(c *cobra.Command, args []string) error {
			name, err := givenName(args[0])
			if err != nil {
				return err
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.deviceRename(ctx, s, name, args[1:]) })
		},
	}
}

// deviceName is a name for a device whose letter is not known, as it is kept: without
// spaces around it, without what no terminal should get, and nothing that "device remove"
// could take for another device.
func deviceName(typed string) (string, error) {
	name, err := givenName(typed)
	if err == nil && likeLetter(name) {
		return "", errLikeID
	}
	return name, err
}

var errLikeID = usage("a device's name is not another's letter, nor what an id could begin with (4 to 32 of 0-9 and a-f)", "add a word")

// givenName is one that may be a letter still.
func givenName(typed string) (string, error) {
	name := strings.TrimSpace(typed)
	switch {
	case name == "" || len(name) > segment.MaxName || name != clean(name):
		return "", usage("a device's name has 1 to 256 bytes of plain text", "")
	case likeID(name):
		return "", errLikeID
	}
	return name, nil
}

// rename gives a device a name. Its own letter is one, of a device that shall have no other.
func rename(ctx context.Context, j *journal.Journal, m journal.Member, name string) error {
	for _, o := range j.Members() {
		if !strings.EqualFold(name, m.Letter) && (likeLetter(name) || strings.EqualFold(name, o.Letter)) {
			return errLikeID
		}
	}
	return j.Rename(ctx, m.Device, name)
}

func (a *app) deviceRename(ctx context.Context, s *session, name string, which []string) error {
	if err := s.reauth(ctx); err != nil {
		return err
	}
	j, err := s.Journal(ctx)
	if err != nil {
		return err
	}
	var m journal.Member
	if len(which) > 0 {
		m, err = deviceNamed(j, which[0])
	} else {
		m, err = self(j)
	}
	if err != nil {
		return err
	}
	if err := rename(ctx, j, m, name); err != nil {
		return err
	}
	return a.done("phivault.device.rename.v1", "renamed", "Device "+m.Letter+" is now called "+name+". Others see it when they have synced.")
}

func self(j *journal.Journal) (journal.Member, error) {
	for _, m := range j.Members() {
		if m.Self {
			return m, nil
		}
	}
	return journal.Member{}, failed("waiting", "this device's admission has not arrived yet", `run "phivault sync"`)
}

// titled is a device's letter, and its name where that says more.
func titled(m journal.Member) string {
	name := strings.TrimSpace(clean(m.Name))
	if name == "" || strings.EqualFold(name, m.Letter) {
		return m.Letter
	}
	return m.Letter + " " + name
}

// namesakes are the other devices that are called as m is, and are still in.
func namesakes(list []journal.Member, m journal.Member) (out []journal.Member) {
	for _, o := range list {
		if o.Device != m.Device && !o.Removed && o.Name != "" && strings.EqualFold(strings.TrimSpace(o.Name), strings.TrimSpace(m.Name)) {
			out = append(out, o)
		}
	}
	return out
}

// owns is nil on a device that may let others in, asked before anything is made for
// them; else journal.ErrNotMember and that only an owner does this.
func owns(j *journal.Journal, does string) error {
	m, err := self(j)
	if err == nil && (m.Removed || !m.Owner) {
		err = fmt.Errorf("%w: only an owner %s", journal.ErrNotMember, does)
	}
	return err
}

// called gives devices their letters and names, for people; the id of one that is not
// known.
func (s *session) called(ctx context.Context) func(id string) string {
	names := map[string]string{}
	if j, err := s.ReadJournal(ctx); err == nil {
		for _, m := range j.Members() {
			names[hex.EncodeToString(m.Device[:])] = titled(m)
		}
	}
	return func(id string) string {
		if n := names[id]; n != "" {
			return n
		}
		return id
	}
}

// lettered gives the letters of devices, the id where none is known.
func (s *session) lettered(ctx context.Context) func(id [16]byte) string {
	letters := map[[16]byte]string{}
	if j, err := s.ReadJournal(ctx); err == nil {
		for _, m := range j.Members() {
			letters[m.Device] = m.Letter
		}
	}
	return func(id [16]byte) string {
		if l := letters[id]; l != "" {
			return l
		}
		return hex.EncodeToString(id[:])
	}
}
