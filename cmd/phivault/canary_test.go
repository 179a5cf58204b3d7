package main

import (
	"bytes"
	"encoding/base64"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// The canaries: nothing that holds one may come out on stderr, and nothing on
// disk may hold one.
const (
	canaryName  = "Canarienvogel"
	canaryText  = "Kanarigul"
	canaryFile  = "canarifile"
	canaryQuery = "kanariquery"
)

var canaries = []string{canaryName, canaryText, canaryFile, canaryQuery, testPassphrase}

func found(b []byte) string {
	low := bytes.ToLower(b)
	for _, c := range canaries {
		c = strings.ToLower(c)
		wide := new(bytes.Buffer)
		for _, u := range utf16.Encode([]rune(c)) {
			wide.Write([]byte{byte(u), byte(u >> 8)})
		}
		if bytes.Contains(low, []byte(c)) || bytes.Contains(low, wide.Bytes()) {
			return c
		}
	}
	if bytes.Contains(b, []byte(base64.StdEncoding.EncodeToString([]byte(canaryText))[:10])) {
		return "base64"
	}
	return ""
}

func TestNoContentInErrorsNorOnDisk(t *testing.T) {
	dir := t.TempDir()
	env := append(os.Environ(), "PHIVAULT_HOME="+filepath.Join(dir, "vault"), "XDG_STATE_HOME="+filepath.Join(dir, "state"), "HOME="+dir,
		"LocalAppData="+filepath.Join(dir, "app"), "TMPDIR="+filepath.Join(dir, "tmp"), "TMP="+filepath.Join(dir, "tmp"), passphraseVariable+"=")
	for _, d := range []string{"tmp", "in"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := func(name, text string) string {
		p := filepath.Join(dir, "in", canaryFile+name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	pass := filepath.Join(dir, "in", "pass")
	if err := os.WriteFile(pass, []byte(testPassphrase), 0o600); err != nil {
		t.Fatal(err)
	}
	patient := func(id, birth string) string {
		return `{"resourceType":"Patient","id":"` + id + `","name":[{"family":"` + canaryName + `"}],"birthDate":"` + birth + `"}` + "\n"
	}
	good := file("good.ndjson", patient("p1", "1970-01-01")+patient("p2", "1971-01-01")+
		`{"resourceType":"Condition","id":"`+canaryText+`","code":{"text":"`+canaryText+`"},"subject":{"reference":"Patient/p1"}}`)
	other := file("other.json", `{"resourceType":"Patient","id":"p1","name":[{"family":"Quite `+canaryText+`"}],"birthDate":"1999-09-09"}`)
	broken := file("broken.json", `{"resourceType":"Condition","`+canaryText+`":1,"`+canaryText+`":2}`)
	two := file("two", "one\ntwo")
	wrong := file("wrong", canaryText)
	nowhere := filepath.Join(dir, "in", canaryFile+"-nowhere", canaryFile)
	lines := []struct {
		exit int
		args []string
	}{
		{0, []string{"init"}},
		{1, []string{"init"}},
		{0, []string{"import", good, "-v"}},
		{0, []string{"import", good, "--source", canaryText}},
		{1, []string{"import", other}},
		{3, []string{"import", broken}},
		{1, []string{"import", nowhere}},
		{2, []string{"import", good, "--map", canaryText}},
		{2, []string{"import", good, "--format", canaryText}},
		{1, []string{"list", "--patient", canaryQuery}},
		{1, []string{"list", "--patient", canaryName}}, // more than one
		{2, []string{"list", canaryText + "/1"}},
		{2, []string{"list", "--since", canaryText}},
		{2, []string{"list", "--limit", canaryText}},
		{2, []string{"list", "--" + canaryText}},
		{2, []string{"list", "-" + canaryText}},
		{2, []string{"list", "--sort", canaryText}},
		{2, []string{canaryText}},
		{2, []string{"audit", canaryText}},
		{2, []string{"completion", canaryText}},
		{0, []string{"search", canaryQuery}},
		{2, []string{"show", canaryText}},
		{2, []string{"trend", "--code", canaryText}},
		{1, []string{"trend", "--code", canaryText, "--patient", canaryQuery}},
		{1, []string{"add", "Condition", "--file", broken}},
		{1, []string{"add", "Condition", "--file", nowhere}},
		{2, []string{"add", canaryText + "!"}},
		{2, []string{"add", "patient", "--name", canaryName, "--birth-date", canaryText}},
		{1, []string{"edit", "ffff", "--file", broken}},
		{2, []string{"rm", canaryText, "--yes"}},
		{1, []string{"export", "-o", good}},
		{1, []string{"export", "-o", nowhere}},
		{1, []string{"backup", good}},
		{1, []string{"backup", nowhere}},
		{1, []string{"drill", good}},
		{1, []string{"restore", nowhere}},
		{10, []string{"list", "--vault", nowhere}},
		{1, []string{"status", "--passphrase-file", nowhere}},
		{2, []string{"status", "--passphrase-file", two}},
		{12, []string{"status", "--passphrase-file", wrong}},
		{2, []string{"init", "--vault", nowhere, "--profile", canaryText}},
		{2, []string{"audit", "list", "--since", canaryText}},
	}
	for _, l := range lines {
		for _, form := range [][]string{nil, {"--json"}} {
			if l.exit == 0 && form != nil {
				continue
			}
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			c := exec.Command(self)
			c.Args = append(append([]string{"phivault", "--no-keyring", "--passphrase-file", pass}, form...), l.args...)
			c.Env = env
			var errs bytes.Buffer
			c.Stderr = &errs
			c.Run()
			if got := c.ProcessState.ExitCode(); got != l.exit {
				t.Errorf("%v: exit code %d, want %d: %s", l.args, got, l.exit, &errs)
			}
			if f := found(errs.Bytes()); f != "" {
				t.Errorf("%v: %s is in %q", l.args, f, &errs)
			}
			if l.exit != 0 && form != nil {
				if err := checkLine(bytes.TrimSpace(errs.Bytes()), "phivault.error.v1"); err != nil {
					t.Errorf("%v: %v: %s", l.args, err, &errs)
				}
			}
		}
	}
	sweep(t, dir)
}

// sweep looks for canaries in everything that was written, and in its names.
func sweep(t *testing.T, dir string) {
	n := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "in" {
			return fs.SkipDir
		}
		if f := found([]byte(d.Name())); f != "" {
			t.Errorf("%s is in the name %s", f, p)
		}
		if d.IsDir() {
			return nil
		}
		n++
		b, err := os.ReadFile(p)
		if f := found(b); f != "" {
			t.Errorf("%s is in %s", f, p)
		}
		return err
	})
	if err != nil || n < 3 {
		t.Errorf("%d files looked at: %v", n, err)
	}
	if found([]byte("x"+canaryText+"x")) == "" || found([]byte("nothing")) != "" {
		t.Error("the sweep does not see canaries")
	}
}
