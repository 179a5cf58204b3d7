package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault"
)

func (a *app) trendCommand() *cobra.Command {
	var f filter
	var drawn, tabled bool
	c := &cobra.Command{
		Use:   "trend --patient P --code C",
		Short: "One measurement over time, as a table, a plot or JSON",
		Long: `Trend shows the values of one code of one patient, oldest first. Different codes
and units are never joined: each is shown for itself. On a terminal there is a
plot above the table; --plot draws it elsewhere too, --table leaves it out.`,
		Args: without("say whose and what with --patient P --code C"),
		RunE: func(c *cobra.Command, _ []string) error {
			if f.patient == "" || f.code == "" {
				return usage("--patient and --code are needed", `"phivault list Observation --patient P" shows the measurements`)
			}
			if drawn && tabled {
				return usage("--plot and --table exclude each other", "")
			}
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				return a.trend(ctx, s.Vault.Vault, &f, (a.out.tty || drawn) && !tabled, !drawn)
			})
		},
	}
	f.flags(c, "patient", "code", "since", "until")
	c.Flags().BoolVar(&drawn, "plot", false, "only the plot, also without a terminal")
	c.Flags().BoolVar(&tabled, "table", false, "only the table")
	return c
}

func (a *app) trend(ctx context.Context, v *vault.Vault, f *filter, drawn, tabled bool) error {
	q, err := f.query(ctx, v)
	if err != nil {
		return err
	}
	trends, err := v.Trend(ctx, q)
	if err != nil {
		return err
	}
	for i := range trends {
		if a.g.json {
			err = a.emit(newTrendObject(&trends[i]))
		} else {
			err = a.showTrend(&trends[i], i > 0, drawn, tabled)
		}
		if err != nil {
			return err
		}
	}
	if len(trends) == 0 && a.g.json {
		none := vault.Trend{}
		none.Code.Code = q.Code
		if system, code, ok := strings.Cut(q.Code, "|"); ok {
			none.Code.System, none.Code.Code = system, code
		}
		return a.emit(newTrendObject(&none))
	}
	if len(trends) == 0 {
		a.note("No values of this code for this patient.")
	}
	return nil
}

const plotLines = 12

func (a *app) showTrend(t *vault.Trend, further, drawn, tabled bool) error {
	head := clean(t.Code.Display)
	if head == "" {
		head = clean(t.Code.Code)
	} else {
		head += " (" + clean(t.Code.Code) + ")"
	}
	if t.Unit != "" {
		head += ", " + clean(t.Unit)
	} else {
		head += ", no unit"
	}
	if further {
		head = "\n" + head
	}
	if _, err := a.out.Write([]byte(a.out.sgr("1", head) + "\n")); err != nil {
		return err
	}
	if drawn {
		cols := a.out.cols
		if cols == 0 {
			cols = 80
		}
		lines, left := plot(t, cols, plotLines, !a.out.utf8)
		for _, l := range lines {
			if _, err := a.out.Write([]byte(l + "\n")); err != nil {
				return err
			}
		}
		switch {
		case lines == nil:
			a.note("Too few values with a date and a number to draw.")
			tabled = true
		case left > 0:
			a.note(itoa(left) + " of the values have no number or no date and are not drawn.")
		}
	}
	if !tabled {
		return nil
	}
	table := newTable(a.out, column{title: "DATE"}, column{title: "VALUE", right: true}, column{title: "UNIT"}, column{title: "FLAG"},
		column{title: "RANGE"}, column{title: "ID"})
	for _, p := range t.Points {
		if err := table.row(p.Date, p.Value, t.Unit, flagText(p.Flag, a.out.utf8), rangeText(p.Low, p.High, ""), a.out.record(p.Record)); err != nil {
			return err
		}
	}
	return table.close()
}
