package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/local"
)

func TestOutcomesAreTheDocumentedExitCodes(t *testing.T) {
	documented := []int{0, 1, 2, 3, 4, 10, 11, 12, 13, 14, 15, 130}
	var have []int
	codes := map[string]bool{}
	for _, o := range outcomes {
		if codes[o.code] {
			t.Errorf("%s stands twice", o.code)
		}
		codes[o.code] = true
		if !slices.Contains(have, o.exit) {
			have = append(have, o.exit)
			if o.about == "" {
				t.Errorf("exit code %d has no words for the help", o.exit)
			}
		}
	}
	if !slices.Equal(have, documented) {
		t.Errorf("exit codes %v, documented are %v", have, documented)
	}
	if n := strings.Count(exitHelp(), "\n"); n != len(documented) {
		t.Errorf("the help has %d exit codes", n)
	}
}

func TestErrorsFindTheirExitCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		code string
	}{
		{vault.ErrNoVault, "no_vault"},
		{fmt.Errorf("x: %w", &local.InUseError{PID: 7, Command: "phivault import"}), "in_use"},
		{keyfile.ErrPassphrase, "wrong_passphrase"},
		{fmt.Errorf("%w: entry 3", vault.ErrIntegrity), "integrity"},
		{fmt.Errorf("%w: key file (%w)", vault.ErrIntegrity, keyfile.ErrFormat), "integrity"},
		{vault.ErrNotFound, "not_found"},
		{vault.ErrFull, "disk_full"},
		{vault.ErrReadOnly, "read_only"},
		{fmt.Errorf("%w: locking: %w", vault.ErrReadOnly, syscall.EROFS), "read_only"},
		{fmt.Errorf("%w: locking: %w", vault.ErrReadOnly, syscall.EACCES), "permission"},
		{local.ErrOlder, "integrity"},
		{vault.ErrUsage, "usage"},
		{context.Canceled, "interrupted"},
		{errTerminated, "terminated"},
		{local.ErrExists, "exists"},
		{&fs.PathError{Op: "open", Path: "/x", Err: fs.ErrNotExist}, "missing"},
		{errors.New("anything"), "failed"},
		{because(vault.ErrIntegrity, "input 1"), "integrity"},
	} {
		if o, _, _ := explain(c.err); o.code != c.code {
			t.Errorf("%v: %s, want %s", c.err, o.code, c.code)
		}
	}
}

func TestReasonsNameNoFile(t *testing.T) {
	const name = "anna-sample-biopsy.pdf"
	_, openErr := os.Open(name)
	for _, err := range []error{
		openErr,
		fmt.Errorf("reading %s: %w", name, openErr),
		os.Rename(name, name+"2"),
		&vault.Refusal{Input: name, Place: "line 3", Reason: "it ends in the middle"},
		&vault.PersonError{Input: name, Place: "entry 1", Source: "s"},
		because(openErr, "the input"),
	} {
		o, why, hint := explain(err)
		if strings.Contains(o.code+why+hint, "anna") {
			t.Errorf("%q %q", why, hint)
		}
		if why == "" {
			t.Errorf("%v: no reason", err)
		}
	}
}

func TestWordsAreSplitAsDocumented(t *testing.T) {
	for in, want := range map[string][]string{
		"pass show vault":         {"pass", "show", "vault"},
		"  a   b ":                {"a", "b"},
		`a 'b c' "d e"`:           {"a", "b c", "d e"},
		`a\ b "c\"d\\" 'e\f'`:     {"a b", `c"d\`, `e\f`},
		`$HOME *|x >y`:            {"$HOME", "*|x", ">y"},
		`a '' ""`:                 {"a", "", ""},
		`"C:\Program Files\p" -x`: {`C:\Program Files\p`, "-x"},
	} {
		got, err := splitWords(in)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v", in, got, err)
		}
	}
	for _, in := range []string{"", "  ", `"a`, `'a`} {
		if _, err := splitWords(in); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestANewVaultSyncsAgainUnlessItsRemoteCheats(t *testing.T) {
	for _, c := range []struct {
		err  error
		exit int
		hint string
	}{
		{remote.ErrUnavailable, 15, `run "phivault sync"`},
		{because(journal.ErrForged, "main"), 13, outcomeOf("forged").hint},
		{because(journal.ErrGone, "main"), 13, outcomeOf("gone").hint},
	} {
		o, why, hint := explain(notFilled(c.err))
		if o.exit != c.exit || hint != c.hint || !strings.HasPrefix(why, "the vault is made") {
			t.Errorf("%v: %d, %s; %s", c.err, o.exit, why, hint)
		}
	}
}

func TestARemoteThatShowsNothingWhereItHasSomethingIsNamed(t *testing.T) {
	absent := remote.Fail("get", remote.Name{}, remote.ErrNotFound, "status 404")
	fault := syncFault("main", engine.Result{Err: errors.Join(fmt.Errorf("%w: %w", engine.ErrContradiction, absent))})
	o, why, hint := explain(fault)
	if o.exit != 15 || !strings.HasPrefix(why, "main: ") || !strings.Contains(hint, "another bucket") {
		t.Errorf("%d, %s; %s", o.exit, why, hint)
	}
}
