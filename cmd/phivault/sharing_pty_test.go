//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Two people at two machines, without a single command but those that change a
// record on each while they are apart.
func TestADayOnTwoDevicesInTheInterface(t *testing.T) {
	dir, env := made(t)
	pass := filepath.Join(dir, "pass")
	other, otherEnv := person(t)
	cloud := filepath.Join(dir, "cloud")

	// The first device gets a remote, and invites.
	a := sit(t, env, nil).looks("locked").typed(testPassphrase + "\r").looks("PROBLEMS (1 active)")
	a.typed("Y").looks("There is no remote yet").typed("a").looks("Add a remote").typed("\rfolder:" + cloud + "\r").looks("main answers, and is kept.")
	a.typed("D").looks("Each has a copy").typed("i").looks("Invite a device").typed(testPassphrase + "\r").looks("These 12 words").typed("t").looks("Copy it as it stands").looks("and the invitation counts")
	_, text, ok := strings.Cut(a.drawn(), "phivault1.")
	if !ok {
		t.Fatal(a.drawn())
	}
	text, _, _ = strings.Cut(text, "Waiting")
	invitation := "phivault1." + strings.Join(strings.Fields(text), "")

	// The second one joins on its first run.
	b := sit(t, otherEnv, nil).looks("Ctrl-N joins it").typed("\x0e").looks("Join a vault").typed(invitation + "\r\r").looks("under a passphrase of its own")
	b.typed(testPassphrase).looks("10^").typed("\r" + testPassphrase + "\r").looks("Waiting to be let in")
	if strings.Contains(b.text(), invitation) {
		t.Error("the invitation is on the screen of the device that joins")
	}
	var words []string
	for _, w := range regexp.MustCompile(` [1-8] ([a-z]+)`).FindAllStringSubmatch(b.drawn(), -1) {
		words = append(words, w[1])
	}
	if len(words) != 8 {
		t.Fatal(words, b.drawn())
	}
	a.looks("asks to join").typed("apple banana\r").looks("Those are not its words").typed(strings.Join(words, " ") + "\r").looks("Let in:")
	b.looks("has the vault now").looks("PROBLEMS (1 active)")
	a.typed("\x03").ends(0)
	b.typed("\x03").ends(0)

	// Apart, both change the same record.
	run := func(env []string, args ...string) []byte {
		t.Helper()
		var out, errs bytes.Buffer
		c := command(t, env, append(args, "--passphrase-file", pass, "--wait", "30s")...)
		c.Stdout, c.Stderr = &out, &errs
		if err := c.Run(); err != nil {
			t.Fatalf("%v: %s", err, &errs)
		}
		return out.Bytes()
	}
	var gout struct{ ID string }
	if err := json.Unmarshal(run(env, "list", "Condition", "--json"), &gout); err != nil {
		t.Fatal(err)
	}
	condition := func(name, status, onset string) string {
		file := filepath.Join(other, name)
		write(t, file, `{"resourceType":"Condition","id":"c1","clinicalStatus":{"text":"`+status+`"},"recordedDate":"2024-01-02","onsetDateTime":"`+onset+`","code":{"text":"Gout"},"subject":{"reference":"Patient/p1"}}`)
		return file
	}
	run(env, "edit", gout.ID, "--file", condition("a", "recurrence", "2019-05-06"))
	run(otherEnv, "edit", gout.ID, "--file", condition("b", "active", "2021-07-08"))
	run(env, "sync")

	// The second device learns of it by itself, and decides: a field from each side.
	b = sit(t, otherEnv, nil).looks("locked").typed(testPassphrase + "\r").looks("1 conflict").typed("\x12").looks("C decides").typed("C").looks("compare and decide").typed("\r")
	b.looks("2 fields differ").looks("Clinical status").looks("06-May-2019").looks("08-Jul-2021")
	theirs, mine := "\x1b[C", "\x1b[D" // right, left
	for l := range strings.SplitSeq(b.drawn(), "\n") {
		if strings.Contains(l, "Clinical status") && strings.Index(l, "recurrence") < strings.Index(l, "active") {
			theirs, mine = mine, theirs
		}
	}
	b.typed(theirs).looks("1 to decide").typed(mine).looks("all decided").typed("\r").looks("Nothing is saved yet").typed("\r").looks("Decided.")
	b.typed("Yy").looks("Synced.").looks("Nothing waits to be sent.").typed("\x03").ends(0)

	// The first one follows.
	// What arrived before the first look at how things stand is shown at once, and what
	// is shown while the chart reads anew cannot be opened.
	a = sit(t, env, nil).looks("locked").typed(testPassphrase+"\r").looks("new: Ctrl-R", "08-Jul-2021")
	if strings.Contains(a.drawn(), "new: Ctrl-R") {
		a.typed("\x12")
	}
	a.looks("08-Jul-2021").typed("\r").looks("Version 4 of 4").looks("recurrence").looks("08-Jul-2021").typed("\x03")
	a.ends(0)
	if left := run(env, "conflicts", "list", "--json"); len(left) > 0 {
		t.Errorf("still in conflict: %s", left)
	}
	if !bytes.Contains(run(env, "show", gout.ID), []byte(`"onsetDateTime":"2021-07-08"`)) {
		t.Error("what was chosen is not what is here")
	}
}
