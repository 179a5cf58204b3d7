package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

func (a *app) searchCommand() *cobra.Command {
	f := filter{limit: 50}
	c := &cobra.Command{
		Use:   "search QUERY…",
		Short: "Full-text search over everything readable in the records",
		Long: `Search finds the records that hold all the words: names, codes, displays,
values, narrative, text notes. "A phrase" in quotes is one, a trailing * finds
words that begin so (three letters at least). QUERY - reads it from stdin, so
that it stands in no process list.`,
		Args: takes(1, -1, "what to search for"),
		RunE: func(c *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			if text == "-" {
				var err error
				if text, err = a.readText(); err != nil {
					return err
				}
			}
			if strings.TrimSpace(text) == "" {
				return usage("there is nothing to search for", "")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error { return a.search(ctx, s.Vault.Vault, &f, text) })
		},
	}
	f.flags(c, "patient", "type", "code", "source", "since", "until", "limit", "sort", "deleted", "conflicts")
	return c
}

// snippetMarks are how a hit is marked in a passage where nothing can be painted.
var snippetMarks = strings.NewReplacer("\x02", "«", "\x03", "»")

func (a *app) search(ctx context.Context, v *vault.Vault, f *filter, text string) error {
	q, err := f.query(ctx, v)
	if err != nil {
		return err
	}
	q.Text = text
	t := a.recordTable(q.Patient.IsZero())
	n := 0
	for r, err := range v.Rows(ctx, q) {
		if err != nil {
			return err
		}
		n++
		if a.g.json {
			err = a.emit(hitObject{newRecordObject(ctx, v, &r), clean(snippetMarks.Replace(r.Snippet)), r.Rank})
		} else {
			err = t.hit(ctx, v, &r)
		}
		if err != nil {
			return err
		}
	}
	if a.g.json {
		return nil
	}
	if n == 0 {
		a.note("Nothing found. What is not found may still be there in other words.")
		a.noteType(q)
	} else if n == q.Limit {
		defer a.note("There may be more: --limit 0 shows all.")
	}
	return t.close()
}

// hit is a row with the passage in place of the title where it holds that, else
// beside it.
func (t *recordTable) hit(ctx context.Context, v *vault.Vault, r *vault.Row) error {
	shown := *r
	title := clean(r.Title)
	if p := clean(snippetMarks.Replace(r.Snippet)); p != "" && title != "" && !strings.HasPrefix(unmarked.Replace(p), title) {
		shown.Title = title + " · " + p
	} else if p != "" {
		shown.Title = p
	}
	return t.record(ctx, v, &shown)
}

var unmarked = strings.NewReplacer("«", "", "»", "")
