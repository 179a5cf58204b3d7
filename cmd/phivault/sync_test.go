package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

const secondPassphrase = "harvest kettle nineteen moths"

// second CODE ARG… is phivault on the second device's vault, $WORK/second, with
// its passphrase.
func secondScript(ts *testscript.TestScript, neg bool, args []string) {
	runScript(ts, neg, append([]string{args[0], "--vault", filepath.Join(ts.Getenv("WORK"), "second"),
		"--passphrase-file", filepath.Join(ts.Getenv("WORK"), "pass2")}, args[1:]...))
}

// enrol DIR NAME [ARG…] joins a second device to the vault: invite --yes waits here
// while join runs, as its own process and the one whose output counts. Further
// arguments are invite's.
func enrolScript(ts *testscript.TestScript, _ bool, args []string) {
	work := ts.Getenv("WORK")
	pass2 := filepath.Join(work, "pass2")
	ts.Check(os.WriteFile(pass2, []byte(secondPassphrase+"\n"), 0o600))
	invite := exec.Command("phivault", append([]string{"--no-keyring", "device", "invite", "--yes", "--valid", "1m", "--passphrase-file",
		filepath.Join(work, "pass")}, args[2:]...)...)
	invite.Path = phivaultPath(ts)
	invite.Dir = work
	for _, k := range []string{"PHIVAULT_HOME", "XDG_STATE_HOME", "LocalAppData", "HOME", "PATH", "SYSTEMROOT", "TMP", "TEMP"} {
		invite.Env = append(invite.Env, k+"="+ts.Getenv(k))
	}
	var said bytes.Buffer
	invite.Stderr = &said
	out, err := invite.StdoutPipe()
	ts.Check(err)
	ts.Check(invite.Start())
	cut := time.AfterFunc(time.Minute, func() { invite.Process.Kill() })
	defer cut.Stop()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "phivault1.") {
		invite.Wait()
		ts.Fatalf("the first line is no invitation: %v: %s", err, said.String())
	}
	ts.Check(os.WriteFile(filepath.Join(work, "invitation"), []byte(line), 0o600))
	jerr := ts.Exec("phivault", "--no-keyring", "--vault", args[0], "--passphrase-file", pass2, "device", "join", "--json",
		"--name", args[1], "--invitation-file", filepath.Join(work, "invitation"), "--valid", "1m")
	if jerr != nil {
		invite.Process.Kill()
	}
	rest, _ := io.ReadAll(lines)
	err = invite.Wait()
	if jerr != nil || err != nil || !strings.Contains(string(rest), "is admitted") || !strings.Contains(said.String(), "without comparing the words") {
		ts.Fatalf("join: %v; invite: %v: %s%s", jerr, err, rest, said.String())
	}
}

func phivaultPath(ts *testscript.TestScript) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		for _, name := range []string{"phivault", "phivault.exe"} {
			if p := filepath.Join(dir, name); exists(p) {
				return p
			}
		}
	}
	ts.Fatalf("no phivault in PATH")
	return ""
}

// copytree FROM TO replaces a folder by a copy of another.
func copytreeScript(ts *testscript.TestScript, _ bool, args []string) {
	from, to := ts.MkAbs(args[0]), ts.MkAbs(args[1])
	ts.Check(os.RemoveAll(to))
	ts.Check(os.CopyFS(to, os.DirFS(from)))
}

// rename FROM TO
func renameScript(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.Rename(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
}

// code VARIABLE takes the code out of verify's last object.
func codeScript(ts *testscript.TestScript, _ bool, args []string) {
	var o verifyObject
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &o))
	ts.Setenv(args[0], o.Code)
}
