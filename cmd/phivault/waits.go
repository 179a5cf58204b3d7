package main

import (
	"context"
	"strings"
	"time"

	"phivault/vault/journal"
	"phivault/vault/local"
)

// waitObject is something that has not arrived: "E 6–7, cited by D".
type waitObject struct {
	What  string `json:"what"`
	Since string `json:"since"`
	long  bool
}

// waitsLong is how long something may be on its way; cloud folders deliver in any
// order.
const waitsLong = 24 * time.Hour

func (s *session) waits(j *journal.Journal, list []local.Waited) []waitObject {
	letters := map[[16]byte]string{}
	for _, m := range j.Members() {
		letters[m.Device] = m.Letter
	}
	out := []waitObject{}
	for _, w := range list {
		out = append(out, waitObject{w.Text(letters[w.Log.Device]), stamp(w.Since), s.app.now().Sub(w.Since) > waitsLong})
	}
	return out
}

// remarkWaits names what is waited for for long, and counts the rest.
func (a *app) remarkWaits(waits []waitObject) {
	short := 0
	for _, w := range waits {
		if !w.long {
			short++
			continue
		}
		a.warn("phivault: warning: waiting for " + w.What + " since " + w.Since + "; the device that wrote it has it: sync there, or ask who runs the remote")
	}
	if short > 0 {
		a.note("phivault: note: " + count(short, "part of the history has not arrived yet and others wait for it", "parts of the history have not arrived yet and others wait for them") + "; sync again later")
	}
}

// standing adds how far the devices have seen what is here.
func (s *session) standing(ctx context.Context, j *journal.Journal, o *statusObject) (err error) {
	if o.Stale, err = s.stale(ctx, j); err != nil {
		return err
	}
	waited, err := s.Vault.Waited(ctx)
	if err != nil {
		return err
	}
	o.Waits = s.waits(j, waited)
	silent := map[[16]byte]bool{}
	for _, m := range j.Members() {
		for _, d := range o.Stale {
			silent[m.Device] = silent[m.Device] || d.Device == m.Letter
		}
	}
	o.Stable, o.Segments = j.Stability(func(d [16]byte) bool { return silent[d] })
	return nil
}

// standingText is standing for people; nothing where there is one device.
func standingText(o statusObject) (pairs [][2]string) {
	if len(o.Devices) > 1 {
		text := "every device has seen all of it"
		if o.Stable < o.Segments {
			text = "every device has seen " + itoa(o.Stable) + " of " + count(o.Segments, "segment", "segments")
		}
		if len(o.Stale) > 0 {
			text += ", those left out that are silent"
		}
		pairs = append(pairs, [2]string{"stable", text})
	}
	for _, d := range o.Stale {
		pairs = append(pairs, [2]string{"SILENT", "device " + strings.TrimSpace(d.Device+" "+clean(d.Name)) + ": nothing heard since " + d.Since +
			", what it writes may still come; \"phivault device remove\" when it is lost"})
	}
	for _, w := range o.Waits {
		pairs = append(pairs, [2]string{"waiting", "for " + w.What + ", since " + w.Since})
	}
	return pairs
}
