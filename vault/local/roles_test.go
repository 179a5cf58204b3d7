package local

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
)

// The test binary plays another process: one that holds the vault, is killed,
// has no rights or no room on the disk. What it is to do comes by environment.
const (
	roleEnv  = "PHIVAULT_LOCAL_ROLE"
	dirEnv   = "PHIVAULT_LOCAL_DIR"
	stateEnv = "PHIVAULT_LOCAL_STATE"
	argEnv   = "PHIVAULT_LOCAL_ARG"
)

// roles run until they are killed, their input ends or they fail; each prints
// "go" when what it is for begins.
var roles = map[string]func(dir, arg string, o Options) error{
	"hold":    playHold,
	"create":  playCreate,
	"passwd":  playPasswd,
	"rekey":   playRekey,
	"backup":  playBackup,
	"restore": playRestore,
}

func play(role string) int {
	o := Options{StateDir: os.Getenv(stateEnv), Command: "phivault-test"}
	if err := roles[role](os.Getenv(dirEnv), os.Getenv(argEnv), o); err != nil {
		fmt.Println("error", classify(err), err)
		return 1
	}
	return 0
}

// classify names the sentinel that an error wraps, for the parent.
func classify(err error) string {
	for name, sentinel := range map[string]error{"full": vault.ErrFull, "readonly": vault.ErrReadOnly, "inuse": vault.ErrInUse,
		"integrity": vault.ErrIntegrity, "novault": vault.ErrNoVault, "passphrase": keyfile.ErrPassphrase} {
		if errors.Is(err, sentinel) {
			return name
		}
	}
	return "other"
}

func playHold(dir, _ string, o Options) error {
	p := secret.FromBytes([]byte(pass))
	v, err := Open(ctx, dir, p, o)
	if err != nil {
		return err
	}
	fmt.Println("go")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return v.Close(ctx)
}

func playCreate(dir, _ string, o Options) error {
	p := secret.FromBytes([]byte(pass))
	fmt.Println("go")
	for n := 0; ; n++ {
		v, err := Create(ctx, filepath.Join(dir, fmt.Sprint(n)), p, keyfile.DefaultParams(), o)
		if err != nil {
			return err
		}
		fmt.Println("made", n)
		if err := v.Close(ctx); err != nil {
			return err
		}
	}
}

func playPasswd(dir, _ string, o Options) error {
	now, next := secret.FromBytes([]byte(pass)), secret.FromBytes([]byte(other))
	v, err := Open(ctx, dir, now, o)
	if errors.Is(err, keyfile.ErrPassphrase) {
		now, next = next, now
		v, err = Open(ctx, dir, now, o)
	}
	if err != nil {
		return err
	}
	fmt.Println("go")
	for {
		if err := v.ChangePassphrase(ctx, now, next, nil); err != nil {
			return err
		}
		now, next = next, now
	}
}

// playBackup writes records and backups at once.
func playBackup(dir, arg string, o Options) error {
	v, err := Open(ctx, dir, secret.FromBytes([]byte(pass)), o)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() {
		for n := 0; ; n++ {
			if err := tryAddPatient(v.Vault, os.Getpid()<<16|n); err != nil {
				failed <- err
				return
			}
		}
	}()
	fmt.Println("go")
	for n := 0; ; n++ {
		if _, err := v.Backup(ctx, fmt.Sprintf("%s.%d.%d", arg, os.Getpid(), n), BackupOptions{}); err != nil {
			return err
		}
		select {
		case err := <-failed:
			return err
		default:
		}
	}
}

func playRestore(dir, arg string, o Options) error {
	p := secret.FromBytes([]byte(pass))
	fmt.Println("go")
	for n := 0; ; n++ {
		if _, err := Restore(ctx, arg, filepath.Join(dir, fmt.Sprint(n)), p, o); err != nil {
			return err
		}
		fmt.Println("made", n)
	}
}

// actor is a child that plays a role.
type actor struct {
	t    testing.TB
	cmd  *exec.Cmd
	in   io.Closer
	out  *bufio.Scanner
	said []string
}

func (w *world) start(role, dir, arg string, prepare ...func(*exec.Cmd)) *actor {
	w.t.Helper()
	self, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	a := &actor{t: w.t, cmd: exec.Command(self)}
	a.cmd.Env = append(os.Environ(), roleEnv+"="+role, dirEnv+"="+dir, stateEnv+"="+w.o.StateDir, argEnv+"="+arg)
	for _, p := range prepare {
		p(a.cmd)
	}
	in, err := a.cmd.StdinPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	out, err := a.cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	a.cmd.Stderr = os.Stderr
	a.in, a.out = in, bufio.NewScanner(out)
	if err := a.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { a.kill() })
	return a
}

// hear reads the child's next line, "" at the end.
func (a *actor) hear() string {
	if !a.out.Scan() {
		return ""
	}
	a.said = append(a.said, a.out.Text())
	return a.out.Text()
}

func (a *actor) expect(line string) {
	a.t.Helper()
	if got := a.hear(); !strings.HasPrefix(got, line) {
		a.t.Fatalf("the child said %q, want %q", got, line)
	}
}

// kill is kill -9, and reads what the child had said until then.
func (a *actor) kill() {
	if a.cmd.ProcessState != nil {
		return
	}
	_ = a.cmd.Process.Kill()
	a.end()
}

// end waits for the child to end by itself.
func (a *actor) end() {
	_ = a.in.Close()
	for a.hear() != "" {
	}
	_ = a.cmd.Wait()
}
