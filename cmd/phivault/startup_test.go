package main

import (
	"bufio"
	"bytes"
	"cmp"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The budget of a start, counted and not timed: what the program does before
// main, whatever the command. A package's initialisation is paid for by everyone
// who links it, so tables and expressions of ours are made when they are first
// used.
const (
	mostInits    = 178     // packages that initialise anything
	mostAllocs   = 4_200   // allocations, all packages together
	mostBytes    = 655_000 // bytes of them
	mostOwnBytes = 20_000  // bytes of any one package of ours
)

// unlinked are modules for tests that no start may pay for.
var unlinked = []string{"pgregory.net/rapid", "go.uber.org/goleak", "github.com/google/go-cmp", "github.com/rogpeppe/go-internal",
	"github.com/johannesboyne/gofakes3", "github.com/creack/pty", "github.com/charmbracelet/x/vt"}

// initialised is one package's line of GODEBUG=inittrace=1 (package runtime).
type initialised struct {
	name          string
	bytes, allocs int
}

func TestAStartStaysWithinItsBudget(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "phivault.exe")
	build := exec.Command("go", "build", "-o", exe, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	info, err := buildinfo.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range info.Deps {
		if slices.Contains(unlinked, m.Path) {
			t.Errorf("the program links %s, which is for tests", m.Path)
		}
	}
	var trace bytes.Buffer
	c := exec.Command(exe, "version")
	c.Env, c.Stderr = append(os.Environ(), "GODEBUG=inittrace=1"), &trace
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	inits := readTrace(t, &trace)
	if len(inits) < 50 {
		t.Fatalf("%d packages: the trace was not understood", len(inits))
	}
	bytes, allocs := 0, 0
	for _, i := range inits {
		bytes += i.bytes
		allocs += i.allocs
		if (i.name == "main" || strings.HasPrefix(i.name, "phivault/")) && i.bytes > mostOwnBytes {
			t.Errorf("%s takes %d bytes at every start, %d are allowed: make its tables when they are first used (sync.OnceValue)", i.name, i.bytes, mostOwnBytes)
		}
	}
	t.Logf("%d packages, %d allocations, %d bytes", len(inits), allocs, bytes)
	for _, b := range []struct {
		what      string
		got, most int
	}{{"packages that initialise", len(inits), mostInits}, {"allocations before main", allocs, mostAllocs}, {"bytes before main", bytes, mostBytes}} {
		if b.got > b.most {
			t.Errorf("%d %s, the budget is %d; the largest are %s", b.got, b.what, b.most, largest(inits))
		}
	}
}

func readTrace(t *testing.T, trace *bytes.Buffer) (inits []initialised) {
	t.Helper()
	for s := bufio.NewScanner(trace); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) != 11 || f[0] != "init" {
			continue
		}
		i := initialised{name: f[1]}
		if _, err := fmt.Sscan(f[7], &i.bytes); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		if _, err := fmt.Sscan(f[9], &i.allocs); err != nil {
			t.Fatalf("%q: %v", s.Text(), err)
		}
		inits = append(inits, i)
	}
	return inits
}

// largest names the packages that take most.
func largest(inits []initialised) string {
	slices.SortFunc(inits, func(a, b initialised) int { return cmp.Compare(b.bytes, a.bytes) })
	var out []string
	for _, i := range inits[:min(8, len(inits))] {
		out = append(out, fmt.Sprintf("%s (%d bytes, %d allocations)", i.name, i.bytes, i.allocs))
	}
	return strings.Join(out, ", ")
}
