package main

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

const numbersHelp = `The numbers of versions count what this device has seen: another device may number
the same ones otherwise. A device's letter and a revision are the same everywhere.`

type resolveFlags struct {
	version int
	keep    string
	file    string
	remove  bool
}

func (a *app) resolveCommand() *cobra.Command {
	var f resolveFlags
	c := &cobra.Command{
		Use:   "resolve ID",
		Short: "Decide which version of a record stays",
		Long: `Resolve keeps one of the versions that "phivault conflicts show" shows, or a new
one from --file, or none with --delete. The others stay in the record's history.
Other devices follow when they sync.

` + numbersHelp,
		Args: takes(1, 1, "one id"),
		RunE: func(c *cobra.Command, args []string) error {
			ways := 0
			for _, name := range []string{"version", "keep", "file", "delete"} {
				if c.Flags().Changed(name) {
					ways++
				}
			}
			if ways != 1 {
				return usage("one of --keep, --version, --file and --delete is needed", `"phivault conflicts show ID" shows the versions`)
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.resolve(ctx, s, args[0], &f) })
		},
	}
	c.Flags().StringVar(&f.keep, "keep", "", "keep the version of `DEVICE`, by its letter, or the revision that begins with it")
	c.Flags().IntVar(&f.version, "version", 0, "keep version `N`, as this device numbers them")
	c.Flags().StringVar(&f.file, "file", "", "keep what `file` holds; - is stdin")
	c.Flags().BoolVar(&f.remove, "delete", false, "keep none: delete the record")
	return c
}

// resolvedObject is phivault.conflicts.resolve.v1. Kept is the version that stays, with
// --keep and --version.
type resolvedObject struct {
	doneObject
	Kept *keptObject `json:"kept,omitempty"`
}

type keptObject struct {
	Version  int    `json:"version"`
	Revision string `json:"revision"`
	Device   string `json:"device"`
	Letter   string `json:"letter"`
}

func (a *app) resolve(ctx context.Context, s *session, what string, f *resolveFlags) error {
	v := s.Vault.Vault
	r, err := conflicting(ctx, v, what)
	if err != nil {
		return err
	}
	heads, err := v.Heads(ctx, r.ID)
	if err != nil {
		return err
	}
	o, err := newConflict(ctx, v, &r, s.lettered(ctx))
	if err != nil {
		return err
	}
	n := f.version
	if f.keep != "" {
		history, err := v.History(ctx, r.ID)
		if err != nil {
			return err
		}
		if n, err = headNamed(history, s.lettered(ctx), f.keep); err != nil {
			return err
		}
	}
	remove, said := f.remove, ""
	var keep *vault.Resource
	var kept *keptObject
	for i, h := range heads {
		if h.Version != n {
			continue
		}
		x := o.Versions[i]
		kept = &keptObject{x.Version, x.Revision, x.Device, x.Letter}
		said = "Kept version " + itoa(x.Version) + " of device " + x.Letter + ", revision " + x.Revision[:10] + ": "
		if remove, keep = h.Deleted, &h.Resource; remove {
			said += "the deletion"
		} else {
			said += gist(&h)
		}
	}
	switch {
	case f.file != "":
		b, err := a.readInput(f.file)
		if err != nil {
			return err
		}
		if keep, err = parseOne(ctx, v, bytes.TrimRight(b, "\r\n")); err != nil {
			return err
		}
	case !remove && keep == nil:
		return usage("that version does not count any more, or there is none", `"phivault conflicts show" gives the numbers`)
	}
	result := "resolved"
	if remove {
		result = "deleted"
		if err := v.Delete(ctx, r); err != nil {
			return err
		}
		if r, err = v.Get(ctx, r.ID); err != nil && !errors.Is(err, vault.ErrDeleted) {
			return err
		}
	} else if r, err = v.Settle(ctx, r, keep); err != nil {
		return err
	}
	if a.g.json {
		return a.emit(resolvedObject{doneObject{Schema: "phivault.conflicts.resolve.v1", ID: r.ID.String(), Version: r.Version, Result: result}, kept})
	}
	if err := a.saved(&r, "phivault.conflicts.resolve.v1", result); err != nil || kept == nil {
		return err
	}
	_, err = a.out.Write([]byte(said + "\n"))
	return err
}

// gist is what a version says, in as few words as a list has for it.
func gist(r *vault.Record) string {
	row := r.Row()
	if row.Value == "" {
		return clean(row.Title)
	}
	return clean(strings.TrimSpace(row.Value + " " + row.Unit))
}

// headNamed gives the number of the version that counts and is of the device with this
// letter, or whose revision begins so. Where two devices wrote the same, either names it.
func headNamed(history []vault.Revision, letter func([16]byte) string, name string) (version int, err error) {
	followed := map[vault.RevisionID]bool{}
	for _, r := range history {
		for _, p := range r.Parents {
			followed[p] = true
		}
	}
	heads := vault.HeadsOf(history)
	for _, r := range history {
		if followed[r.ID] || !strings.EqualFold(letter(r.Device), name) && !(len(name) >= prefixLeast && strings.HasPrefix(r.ID.String(), strings.ToLower(name))) {
			continue
		}
		for _, h := range heads {
			switch {
			case h.Payload != r.Payload || h.Version == version:
			case version > 0:
				return 0, usage("several versions that count are that", `give the revision, as "phivault conflicts show" does`)
			default:
				version = h.Version
			}
		}
	}
	if version == 0 {
		err = usage("no version that counts is of that device, or is that revision", `"phivault conflicts show" gives the letters and the revisions`)
	}
	return version, err
}

// prefixLeast is how much of a revision has to be given: less might be a letter.
const prefixLeast = 6
