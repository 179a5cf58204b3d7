package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"phivault/vault/journal"
	"phivault/vault/local"
)

func (a *app) forkCommand() *cobra.Command {
	var yes, adopt bool
	var cut string
	c := &cobra.Command{
		Use:   "resolve-fork DEVICE [--cut-off DEVICE]",
		Short: "End two histories that were signed in one device's name, or are said to be",
		Long: `Resolve-fork removes a device in whose name two different histories exist: its folder
or its keys were copied, or it cheats. What both have in common stays; both ends are
set aside on all devices. With --adopt this device takes over all of the one that it
has; otherwise "phivault device quarantine" shows it and takes over what you choose.

That two histories exist is proved when this device has held two segments with the
device's signature for one place. Otherwise another device says so: it cites a segment
that nobody here has seen. Then one of the two is at fault, and nothing here can tell
which. Without --cut-off both are explained and nothing is done. --cut-off with the one
that is spoken of does as above; with the one that says so it removes that one and sets
aside what it wrote from that word on, and the other goes on as if nothing had been
said. Codes help to decide ("phivault verify" on the device that is spoken of, "verify
--with CODE" here): where they agree, both have the same history.

Two copies of one device, a backup restored twice say, that first synced at different
remotes are such a fork as well, and no fault of anybody's: both copies are removed
with their device. Here --adopt takes over what the copy wrote that is known here; on
the other one "phivault export" writes out what it has, to be imported. Then both join
anew.

An owner does this. If the machine is yours and sound, let it join anew.`,
		Args: takes(1, 1, "a device"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withVault(c.Context(), func(ctx context.Context, s *session) error {
				return a.resolveFork(ctx, s, args[0], cut, adopt, yes)
			})
		},
	}
	c.Flags().StringVar(&cut, "cut-off", "", "which of two devices to remove")
	c.Flags().BoolVar(&adopt, "adopt", false, "take over the history that this device has")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (a *app) resolveFork(ctx context.Context, s *session, what, cut string, adopt, yes bool) error {
	j, m, err := s.againFor(ctx, what)
	if err != nil {
		return err
	}
	forks, err := forksWith(ctx, j, m.Letter)
	if err != nil {
		return err
	}
	if len(forks) == 0 {
		return usage("no fork of this device is known here", "")
	}
	out, err := whichOf(j, forks, m, cut)
	if err != nil {
		return err
	}
	question := "Remove device " + titled(out) + ", and set both of its histories aside?"
	if !slices.ContainsFunc(forks, func(f journal.Fork) bool { return f.Letter == out.Letter }) {
		question = "Remove device " + titled(out) + ", and set aside what it wrote since it spoke of another history of device " + forks[0].Letter + "?"
	}
	if err := a.confirm(ctx, yes, question); err != nil {
		return err
	}
	open, err := s.endFork(ctx, j, forks, out, adopt)
	for _, r := range open {
		a.warn(stillOpen(r))
	}
	if err != nil {
		return err
	}
	return a.done("phivault.device.resolve-fork.v1", "resolved", "The fork of device "+forks[0].Letter+` is ended: device `+out.Letter+` is removed. Others learn of it when they sync; run "phivault sync".`)
}

// forksWith gives the forks in which a device has a part.
func forksWith(ctx context.Context, j *journal.Journal, letter string) ([]journal.Fork, error) {
	forks, err := j.Forks(ctx)
	return slices.DeleteFunc(forks, func(f journal.Fork) bool { return !party(f, letter) }), err
}

// endFork removes device out over forks in which it has a part, and takes its access to
// our hosts away; the sync that tells of it is the caller's. It gives the remotes that
// out can still reach.
func (s *session) endFork(ctx context.Context, j *journal.Journal, forks []journal.Fork, out journal.Member, adopt bool) (open []local.Remote, err error) {
	if err := j.EndFork(ctx, out.Device); err != nil {
		return nil, err
	}
	list, err := s.Remotes(ctx)
	if err != nil {
		return nil, err
	}
	open = s.shutOutEverywhere(ctx, j, list, out.Device)
	if !adopt {
		return open, nil
	}
	whose := []string{out.Letter}
	for _, f := range forks {
		if f.Twins && f.Letter == out.Letter && f.Copy != "" {
			whose = append(whose, f.Copy) // goes with it
		}
	}
	for _, l := range whose {
		as, _, err := s.asidesOf(ctx, l)
		if err == nil {
			_, err = s.Adopt(ctx, as)
		}
		if err != nil {
			return open, err
		}
	}
	return open, nil
}

// whichOf gives the device to remove. Where nothing is proved nobody is blamed by
// default.
func whichOf(j *journal.Journal, forks []journal.Fork, m journal.Member, cut string) (journal.Member, error) {
	if cut == "" && slices.ContainsFunc(forks, func(f journal.Fork) bool { return f.Proof && f.Letter == m.Letter }) {
		return m, nil
	}
	if cut == "" {
		return m, usage(forkWords(forks[0])+"; one of them is to be removed, and nothing here can tell which", forkChoice(forks[0]))
	}
	out, err := deviceNamed(j, cut)
	if err == nil && !slices.ContainsFunc(forks, func(f journal.Fork) bool { return party(f, out.Letter) }) {
		err = usage("device "+out.Letter+" has no part in this fork", forkChoice(forks[0]))
	}
	return out, err
}

// party reports whether a device has, or tells of, the two histories.
func party(f journal.Fork, letter string) bool {
	return f.Letter == letter || slices.ContainsFunc(f.By, func(b journal.Accuser) bool { return b.Letter == letter })
}

func letters(by []journal.Accuser) string {
	var out []string
	for _, b := range by {
		out = append(out, b.Letter)
	}
	return strings.Join(out, ", ")
}

// forkWords says what is known of a fork, and who says so.
func forkWords(f journal.Fork) string {
	if f.Twins {
		return "two copies of device " + f.Letter + " (a backup restored twice, or a spare used twice) took fresh keys at different remotes: here one is known as device " +
			f.Copy + ", and elsewhere the other may be; nothing that either saved is lost"
	}
	at := "segment " + itoa(int64(f.Place.Seq))
	if f.Place.Log.Number > 0 {
		at += " of its log " + itoa(int64(f.Place.Log.Number))
	}
	if f.Proof {
		return "device " + f.Letter + " signed two histories: two different ones of its " + at + " were seen here"
	}
	says := "device " + letters(f.By) + " says"
	if len(f.By) > 1 {
		says = "devices " + letters(f.By) + " say"
	}
	return says + " that device " + f.Letter + " signed two histories: another " + at + " than is here, which nobody has shown; either that is so, or it is not true"
}

// forkChoice says what an owner can do.
func forkChoice(f journal.Fork) string {
	do := `"phivault device resolve-fork ` + f.Letter
	if f.Twins {
		return do + ` --adopt" removes ` + f.Letter + " and both copies and takes over what " + f.Copy +
			` wrote; on the other copy "phivault export" writes out what is to be imported here; then let both join anew`
	}
	if f.Proof {
		return do + `" removes it and sets both ends aside`
	}
	hint := do + " --cut-off " + f.Letter + `" removes it and sets both ends aside`
	for _, b := range f.By {
		hint += "; " + do + " --cut-off " + b.Letter + `" removes ` + b.Letter + " and sets aside what it wrote from that word on"
	}
	return hint + `; "phivault verify" on ` + f.Letter + ` and "verify --with CODE" here tell whether these two saw the same`
}

// forked is the error of a vault that knows of a fork which nobody ended; nil
// without any.
func (s *session) forked(ctx context.Context, j *journal.Journal) error {
	forks, err := j.Forks(ctx)
	if err != nil || len(forks) == 0 {
		return err
	}
	return failed("fork", forkWords(forks[0])+"; the log of "+forks[0].Letter+" stops here, others go on", "an owner decides: "+forkChoice(forks[0]))
}

// inWords gives the graver of what came of a sync and of the forks that are known; those
// in its place where they are what came of it. One that the same sync brought the end of
// is none.
func inWords(worst, forks error) error {
	if errors.Is(worst, journal.ErrFork) && !errors.Is(worst, journal.ErrGone) && !errors.Is(worst, journal.ErrForged) {
		return forks
	}
	return graver(worst, forks)
}

// forkText is what status says of forks.
func forkText(forks []forkObject) (pairs [][2]string) {
	for _, f := range forks {
		pairs = append(pairs, [2]string{"FORK", f.Text})
	}
	return pairs
}

// forkObject is a part of phivault.status.v1.
type forkObject struct {
	Device string   `json:"device"` // its letter
	Proof  bool     `json:"proof"`  // two segments that it signed were seen here
	By     []string `json:"by"`     // letters of the devices that say so; empty where it is proved
	Text   string   `json:"text"`
}

func forkObjects(forks []journal.Fork) []forkObject {
	out := []forkObject{}
	for _, f := range forks {
		o := forkObject{Device: f.Letter, Proof: f.Proof, By: []string{}, Text: forkWords(f)}
		for _, b := range f.By {
			o.By = append(o.By, b.Letter)
		}
		out = append(out, o)
	}
	return out
}

// forkPart says in few words what a device has to do with forks: "" for nothing.
func forkPart(forks []journal.Fork, letter string) string {
	var out []string
	for _, f := range forks {
		switch {
		case f.Letter == letter && f.Proof:
			out = append(out, "SIGNED TWO HISTORIES")
		case f.Letter == letter:
			out = append(out, letters(f.By)+" says that it signed two histories")
		case party(f, letter):
			out = append(out, "says that "+f.Letter+" signed two histories")
		}
	}
	return strings.Join(slices.Compact(out), ", ")
}
