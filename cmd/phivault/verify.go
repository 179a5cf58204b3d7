package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
)

func (a *app) verifyCommand() *cobra.Command {
	var quick, rebuild bool
	var with string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Check every record, chain, index and attachment",
		Long: `Verify reads everything and proves that it is what was written: pages, the hash
chain of the log, each payload, each view of it, the index and the attachments.
--quick proves the chain alone. Any problem ends with exit code 13. --rebuild first
makes what can be derived, rows, names and the index, anew from the log.

It ends with a code: the last segment that this device made to sync, which says
what the device has seen so far. --with takes the code of another device and tells
whether both saw the same history: read it out over the telephone. A store that
shows two devices different histories is caught by nothing else.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			begun := false
			if with != "" {
				if err := journal.CheckForm(with); err != nil {
					return err
				}
			}
			if quick && rebuild {
				return usage("--quick and --rebuild do not go together", "a rebuild is always checked whole")
			}
			err := a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				begun = true
				if rebuild {
					p := a.progress("Rebuilding")
					err := s.Rebuild(ctx, func(done, total int64) { p.show(amounts{done: done, total: total}) })
					p.end()
					if err != nil {
						return a.unverified(err, problemObject{"page", "database"}, quick, "phivault.verify.v1")
					}
				}
				if err := a.verify(ctx, s, quick, "phivault.verify.v1"); err != nil || with == "" {
					return err
				}
				return a.compare(ctx, s, with)
			})
			if !begun {
				err = a.unverified(err, problemObject{"open", "vault"}, quick, "phivault.verify.v1")
			}
			return err
		},
	}
	c.Flags().BoolVar(&quick, "quick", false, "the log's chain alone")
	c.Flags().StringVar(&with, "with", "", "compare with the `code` of another device")
	c.Flags().BoolVar(&rebuild, "rebuild", false, "make rows, names and the index anew from the log first")
	return c
}

func (a *app) verify(ctx context.Context, s *session, quick bool, schema string) error {
	o := verifyObject{Schema: schema, Quick: quick, Problems: []problemObject{}}
	begun := a.now()
	p := a.progress("Verifying")
	v, err := s.Verify(ctx, quick, func(f vault.Problem) {
		o.Problems = append(o.Problems, problemObject{f.Kind, f.ID})
	}, func(done, total int64) { p.show(amounts{done: done, total: total}) })
	p.end()
	if errors.Is(err, vault.ErrIntegrity) { // as far as it came
		o.Problems, err = append(o.Problems, problemObject{"page", "database"}), nil
	}
	if err != nil {
		return err
	}
	o.OK, o.MS = len(o.Problems) == 0, a.since(begun)
	o.Records, o.Revisions, o.Entries = v.Records, v.Revisions, v.Entries
	o.Code = journal.CodeText("A", itoa(v.Entries), vault.Hash(v.Chain)) // of a vault that never synced
	if j, err := s.ReadJournal(ctx); err == nil && j.Code() != "" {
		o.Code = j.Code()
		for _, m := range j.Members() {
			for _, p := range m.Last {
				o.Segments += int64(p.Seq) + 1
			}
		}
	}
	if a.g.json {
		err = a.emit(o)
	} else {
		err = a.showVerified(&o, v.Blobs)
	}
	if err == nil && !o.OK {
		err = failed("integrity", "the vault has "+count(len(o.Problems), "problem", "problems"), hintFor(o.Problems))
	}
	return err
}

// compare holds another device's code against what is here.
func (a *app) compare(ctx context.Context, s *session, code string) error {
	j, err := s.ReadJournal(ctx)
	if err != nil {
		return err
	}
	if err := j.CheckCode(ctx, code); errors.Is(err, journal.ErrFork) {
		return &fault{code: "fork", why: reason(err), hint: hintOtherCode, cause: err}
	} else if err != nil {
		return err
	}
	a.note("Both devices have seen the same history up to there.")
	return nil
}

// hintOtherCode is for a code that could be one and is another.
const hintOtherCode = `have it read out once more; if it is the same one again, sync both devices with one remote: then "phivault status" tells whose history there are two of, and an owner ends it with "phivault device resolve-fork DEVICE"`

// unverified reports a vault that is too damaged to be opened or rebuilt as
// verify reports any other: with its object, and exit code 13.
func (a *app) unverified(err error, p problemObject, quick bool, schema string) error {
	if !errors.Is(err, vault.ErrIntegrity) {
		return err
	}
	if a.g.json {
		o := verifyObject{Schema: schema, Quick: quick, Problems: []problemObject{p}}
		if err := a.emit(o); err != nil {
			return err
		}
	}
	if errors.Is(err, local.ErrOlder) {
		return err
	}
	_, why, _ := explain(err)
	return &fault{code: "integrity", why: why, hint: restoreHint, cause: err}
}

const restoreHint = `keep the folder as it is and bring a backup back with "phivault restore FILE --vault NEW"`

// hintFor says what may help: views and the index can be made anew, the log and
// what it holds cannot.
func hintFor(problems []problemObject) string {
	for _, p := range problems {
		if p.Kind != "view" && p.Kind != "index" {
			return restoreHint
		}
	}
	return `"phivault verify --rebuild" makes them anew from the log`
}

func (a *app) showVerified(o *verifyObject, blobs int64) error {
	t := newTable(a.out, column{title: "PROBLEM"}, column{title: "WHERE"})
	for _, p := range o.Problems {
		if err := t.row(p.Kind, p.ID); err != nil {
			return err
		}
	}
	if err := t.close(); err != nil {
		return err
	}
	result := "clean"
	if !o.OK {
		result = "NOT CLEAN"
	}
	what := count(o.Records, "record", "records") + ", " + count(o.Revisions, "version", "versions") + ", " + count(blobs, "attachment", "attachments")
	if o.Quick {
		what = "the chain alone"
	}
	return writeFields(a.out, [][2]string{{"result", result}, {"checked", what}, {"log", count(o.Entries, "entry", "entries")}, {"code", o.Code}})
}
