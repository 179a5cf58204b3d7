package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/secret"
	"phivault/vault/local"
)

const testPassphrase = "violin orchard seventeen lanterns"

// TestMain makes the key derivation cheap, also in the programs that the
// journeys start: they are this binary under the product's name.
func TestMain(m *testing.M) {
	keyfiletest.Cheap()
	testscript.Main(m, map[string]func(){"phivault": main})
}

// TestJourneys runs the scripts of testdata. In them "run 0 …" is phivault as
// typed and its exit code, "open 0 …" the same with the passphrase, "schema"
// checks the last output against the table of schemas.
func TestJourneys(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PHIVAULT_HOME", filepath.Join(e.WorkDir, "vault"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			e.Setenv("LocalAppData", filepath.Join(e.WorkDir, "appdata"))
			e.Setenv("HOME", e.WorkDir)
			return os.WriteFile(filepath.Join(e.WorkDir, "pass"), []byte(testPassphrase+"\n"), 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"run":      runScript,
			"open":     openScript,
			"schema":   schemaScript,
			"hold":     holdScript,
			"damage":   damageScript,
			"private":  func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(os.Chmod(ts.MkAbs(args[0]), 0o600)) },
			"public":   func(ts *testscript.TestScript, _ bool, args []string) { ts.Check(os.Chmod(ts.MkAbs(args[0]), 0o644)) },
			"firstid":  firstIDScript,
			"samejson": sameScript,
			"replace":  replaceScript,
			"mode":     modeScript,
			"without":  withoutScript,
			"second":   secondScript,
			"enrol":    enrolScript,
			"copytree": copytreeScript,
			"rename":   renameScript,
			"host":     hostScript,
			"token":    tokenScript,
			"bucket":   bucketScript,
			"code":     codeScript,
			"plant":    plantScript,
			"keyof":    keyofScript,
			"access":   accessScript,
		},
	})
}

func runScript(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: run CODE ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec("phivault", append([]string{"--no-keyring"}, args[1:]...)...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
	// Whatever happens, an error is one line or one object.
	errors := 0
	for _, l := range strings.Split(ts.ReadFile("stderr"), "\n") {
		if strings.HasPrefix(l, `{"schema":"phivault.error.v1"`) || strings.HasPrefix(l, "phivault: ") &&
			!strings.HasPrefix(l, "phivault: warning: ") && !strings.HasPrefix(l, "phivault: note: ") {
			errors++
		}
	}
	if errors != min(want, 1) {
		ts.Fatalf("%d errors on stderr with exit code %d", errors, want)
	}
}

func openScript(ts *testscript.TestScript, neg bool, args []string) {
	// First, so that a script's own flag wins.
	pass := []string{args[0], "--passphrase-file", filepath.Join(ts.Getenv("WORK"), "pass")}
	runScript(ts, neg, append(pass, args[1:]...))
}

// hold keeps the vault open in this process until the script ends.
func holdScript(ts *testscript.TestScript, _ bool, _ []string) {
	p := secret.FromBytes([]byte(testPassphrase))
	defer p.Destroy()
	v, err := local.Open(context.Background(), ts.Getenv("PHIVAULT_HOME"), p, local.Options{StateDir: ts.Getenv("XDG_STATE_HOME"), Command: "phivault test"})
	ts.Check(err)
	ts.Defer(func() { v.Close(context.Background()) })
}

// damage FILE [N] flips a bit in the middle of a file, or behind N eighths of it.
func damageScript(ts *testscript.TestScript, _ bool, args []string) {
	name := ts.MkAbs(args[0])
	b, err := os.ReadFile(name)
	ts.Check(err)
	eighths := 4
	if len(args) > 1 {
		eighths, err = strconv.Atoi(args[1])
		ts.Check(err)
	}
	b[len(b)*eighths/8] ^= 1
	ts.Check(os.WriteFile(name, b, 0o600))
}

// firstid puts the first id of the last output into $ID.
func firstIDScript(ts *testscript.TestScript, _ bool, args []string) {
	for _, w := range strings.FieldsFunc(ts.ReadFile("stdout"), func(r rune) bool { return strings.ContainsRune(" \n\",:{}", r) }) {
		if len(w) >= shortLength && looksLikeID(w[:min(len(w), 32)]) { // a revision's, too
			ts.Setenv("ID", w)
			return
		}
	}
	ts.Fatalf("no id in the last output")
}

// samejson compares the last output with a file byte for byte, but for the line
// break that a script's file ends with.
func sameScript(ts *testscript.TestScript, _ bool, args []string) {
	want := strings.TrimSuffix(ts.ReadFile(args[0]), "\n")
	if got := strings.TrimSuffix(ts.ReadFile("stdout"), "\n"); got != want {
		ts.Fatalf("got\n%s\nwant\n%s", got, want)
	}
}

// replace FILE OLD NEW
func replaceScript(ts *testscript.TestScript, _ bool, args []string) {
	old := ts.ReadFile(args[0])
	if !strings.Contains(old, args[1]) {
		ts.Fatalf("no %s in the file", args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(old, args[1], args[2])), 0o600))
}

// mode FILE OCTAL
func modeScript(ts *testscript.TestScript, _ bool, args []string) {
	fi, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatUint(uint64(fi.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("mode %s, want %s", got, args[1])
	}
}

// without FOLDER TEXT checks that no name in the folder holds the text.
func withoutScript(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, e := range entries {
		if strings.Contains(e.Name(), args[1]) {
			ts.Fatalf("%s is there", e.Name())
		}
	}
}
