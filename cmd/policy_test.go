// Package cmd holds the programs and, here, the house's rules as a test: which
// package may import which. It reads the sources in this process, so its result
// is never served from a cache of another state of the tree.
package cmd

import (
	"go/build"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "phivault"

// house says for each package which others of this module it may import. A
// pattern ending in "/..." stands for a package and all below it. A package that
// is not listed, and is not an ordinary test helper (see helperOf), is an error.
var house = map[string][]string{
	"crypto/secret":                 {},
	"crypto/seal":                   {"crypto/secret"},
	"crypto/keyfile":                {"crypto/secret", "crypto/seal", "crypto/keyfile/internal/..."},
	"crypto/keyfile/internal/floor": {},
	"crypto/keyfile/strength":       {"crypto/secret"},
	"crypto/identity":               {"crypto/secret", "crypto/seal"},
	"crypto/internal/wycheproof":    {},

	"vault":      {},
	"vault/fhir": {"vault"},
	// Records from forms and flags, and changes of single fields: by one rule, whoever asks.
	"vault/fhir/compose":          {"vault", "vault/fhir"},
	"vault/codec":                 {"vault", "vault/fhir"},
	"vault/codec/fhirjson":        {"vault", "vault/fhir", "vault/codec/..."},
	"vault/codec/csvfile":         {"vault", "vault/fhir", "vault/codec/..."},
	"vault/codec/document":        {"vault", "vault/fhir", "vault/codec/..."},
	"vault/store":                 {"vault", "vault/fhir", "vault/store/cryptvfs", "vault/store/sqlite", "vault/store/pagemem", "vault/store/unsealed", "vault/store/internal/...", "crypto/secret"},
	"vault/store/unsealed":        {},
	"vault/store/cryptvfs":        {"vault/store/pagemem", "crypto/secret"},
	"vault/store/pagemem":         {},
	"vault/store/sqlite":          {},
	"vault/store/internal/mkdict": {"vault/synth"},
	// A general encoder copies the dictionary for each record, a fifth of an import.
	"vault/store/internal/frames": {},
	"vault/journal":               {"vault", "vault/journal/segment", "crypto/seal", "crypto/identity", "crypto/secret", "sync/engine", "sync/remote"},
	// The wire format apart from what it means, so that vectors and fuzzing reach all of it.
	"vault/journal/segment": {"vault", "crypto/seal", "crypto/identity", "crypto/secret", "sync/remote"},
	// Whole devices on real databases, for tests of the protocol.
	"vault/journal/journaltest": {"vault/...", "crypto/...", "sync/..."},
	"vault/journal/attacktest":  {"vault/...", "crypto/...", "sync/..."},
	"vault/local":               {"vault/...", "crypto/...", "sync/engine"},
	"vault/local/oskeyring":     {"vault/local"},
	"vault/synth":               {"vault/fhir"},

	"sync/remote":        {},
	"sync/remote/folder": {"sync/remote"},
	"sync/remote/hosted": {"sync/remote"},
	"sync/remote/s3":     {"sync/remote"},
	"sync/remote/webdav": {"sync/remote"},
	"sync/remote/memory": {"sync/remote"},
	"sync/remote/retry":  {"sync/remote"},
	// Decorators beside retry: bandwidth, and what goes wrong by chance and by intent.
	"sync/remote/rate":      {"sync/remote"},
	"sync/remote/faults":    {"sync/remote"},
	"sync/remote/malicious": {"sync/remote"},
	"sync/engine":           {"sync/remote"},
	"sync/host":             {"sync/remote"},
	"tui":                   {"vault", "vault/fhir", "vault/fhir/compose", "crypto/secret", "tui/..."},
	"tui/widget":            {"vault", "vault/fhir", "crypto/secret", "tui/theme", "tui/plain"},
	// What a record may put on a terminal is decided once, for the screens and the command line.
	"tui/plain":          {},
	"tui/theme":          {},
	"cmd/phivault":       {"vault/...", "crypto/...", "tui/...", "sync/..."},
	"cmd/phivault-bench": {"vault/...", "crypto/...", "tui/...", "sync/..."},
	"cmd/phivault-host":  {"sync/host", "sync/remote/..."},
}

// guarded are packages that few may import, whatever else they are allowed: what
// they give must not be in the hands of a program that keeps records.
var guarded = map[string][]string{
	"vault/store/unsealed": {"vault/store", "vault/journal/journaltest", "cmd/phivault-bench"},
}

// rooted are the names that may stand at the top; hidden files are free.
var rooted = []string{"cmd", "vault", "tui", "sync", "crypto", "go.mod", "go.sum", "README.md",
	"LICENSE", "CHANGELOG.md", "SECURITY.md", "CONTRIBUTING.md"}

// bare are folders that hold packages and are none, because their names shadow
// the standard library's.
var bare = []string{"sync", "crypto"}

func TestHouse(t *testing.T) {
	packages := scan(t)
	if len(packages) < 5 {
		t.Fatalf("only %d packages found: the test is not looking at the module", len(packages))
	}
	for dir, p := range packages {
		for _, e := range faults(dir, p) {
			t.Error(e)
		}
	}
	for _, e := range hostFaults(packages) {
		t.Error(e)
	}
}

func TestTopLevelNames(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !slices.Contains(rooted, e.Name()) && !ignored(e.Name()) {
			t.Errorf("%s: not a name for the top of the house", e.Name())
		}
	}
}

// ignored are what building leaves behind, as .gitignore lists it.
func ignored(name string) bool {
	ext := path.Ext(strings.TrimSuffix(name, ".exe"))
	return strings.HasPrefix(name, "phivault") || ext == ".test" || ext == ".prof" || ext == ".out"
}

// scan reads every package of the module with all build constraints ignored.
func scan(t *testing.T) map[string]*build.Package {
	t.Helper()
	ctx := build.Default
	ctx.UseAllFiles = true
	ctx.CgoEnabled = true
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]*build.Package{}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		if n := d.Name(); p != root && (n == "testdata" || strings.HasPrefix(n, ".") || strings.HasPrefix(n, "_")) {
			return filepath.SkipDir
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		pkg, err := ctx.ImportDir(p, 0)
		if _, none := err.(*build.NoGoError); none {
			if pkg == nil || len(pkg.TestGoFiles)+len(pkg.XTestGoFiles) == 0 {
				return nil
			}
		} else if err != nil {
			return err
		}
		packages[filepath.ToSlash(rel)] = pkg
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// faults checks one package against the house.
func faults(dir string, p *build.Package) (out []string) {
	say := func(s string) { out = append(out, dir+": "+s) }
	if dir == "cmd" { // this test
		if len(p.GoFiles) > 0 {
			say("holds programs, not sources")
		}
		return out
	}
	if slices.Contains(bare, dir) {
		say("no package lies directly here: its name shadows the standard library")
	}
	rights, known := rightsOf(dir)
	if !known {
		say("unknown package; give it a line in house")
		return out
	}
	if p.Doc == "" {
		say("has no package comment")
	}
	if len(p.CgoFiles) > 0 {
		say("uses cgo")
	}
	for _, imp := range ours(p.Imports) {
		switch {
		case helperOf(imp) != "" && helperOf(dir) == "":
			say("imports the test helper " + imp + " outside a test")
		case !allowed(rights, imp), guarded[imp] != nil && !slices.Contains(guarded[imp], dir):
			say("may not import " + imp)
		}
	}
	if strings.HasPrefix(dir, "sync/") {
		for _, imp := range ours(append(slices.Clone(p.TestImports), p.XTestImports...)) {
			if !strings.HasPrefix(imp, "sync/") {
				say("its tests may not import " + imp + ": ciphertext only")
			}
		}
	}
	return out
}

// rightsOf gives what a package may import. A test helper may import what the
// package it helps may, that package, and other helpers.
func rightsOf(dir string) ([]string, bool) {
	if rights, ok := house[dir]; ok {
		return rights, true
	}
	of := helperOf(dir)
	if of == "" {
		return nil, false
	}
	rights, ok := house[of]
	return append([]string{of}, rights...), ok
}

// helperOf gives the package that a helper for tests belongs to: store/storetest
// to store, tui/tuitest to tui. Empty for any other package.
func helperOf(dir string) string {
	parent, base := path.Split(dir)
	parent = strings.TrimSuffix(parent, "/")
	if parent != "" && base == path.Base(parent)+"test" {
		return parent
	}
	return ""
}

func allowed(rights []string, imp string) bool {
	return slices.ContainsFunc(rights, func(r string) bool {
		if below, ok := strings.CutSuffix(r, "/..."); ok {
			return imp == below || strings.HasPrefix(imp, below+"/")
		}
		return imp == r
	}) || helperOf(imp) != ""
}

func ours(imports []string) (out []string) {
	for _, i := range imports {
		if rel, ok := strings.CutPrefix(i, module+"/"); ok {
			out = append(out, rel)
		}
	}
	return out
}

// hostFaults follows the host's imports to the end: it must be unable to open
// anything it stores.
func hostFaults(packages map[string]*build.Package) (out []string) {
	const host = "cmd/phivault-host"
	if packages[host] == nil {
		return nil
	}
	seen := map[string]bool{}
	var walk func(string)
	walk = func(dir string) {
		if seen[dir] || packages[dir] == nil {
			return
		}
		seen[dir] = true
		if root, _, _ := strings.Cut(dir, "/"); root == "vault" || root == "crypto" || root == "tui" {
			out = append(out, host+" links "+dir)
		}
		for _, imp := range ours(packages[dir].Imports) {
			walk(imp)
		}
	}
	walk(host)
	return out
}

// The rules themselves: each fault is found on packages made up for it.
func TestFaultsAreFound(t *testing.T) {
	pkg := func(imports ...string) *build.Package {
		p := &build.Package{Doc: "Package x."}
		for _, i := range imports {
			p.Imports = append(p.Imports, module+"/"+i)
		}
		return p
	}
	cases := []struct {
		dir  string
		p    *build.Package
		want string
	}{
		{"sync/engine", pkg("vault"), "may not import vault"},
		{"sync/engine", pkg("crypto/seal"), "may not import crypto/seal"},
		{"sync/remote", &build.Package{Doc: "x", XTestImports: []string{module + "/vault"}}, "ciphertext only"},
		{"vault", pkg("vault/store"), "may not import vault/store"},
		{"vault/store", pkg("crypto/keyfile/keyfiletest"), "outside a test"},
		{"cmd/phivault", pkg("crypto/keyfile/keyfiletest"), "outside a test"},
		{"cmd/phivault", pkg("vault/store/unsealed"), "may not import vault/store/unsealed"},
		{"vault/local", pkg("vault/store/unsealed"), "may not import vault/store/unsealed"},
		{"sync", pkg(), "directly here"},
		{"crypto", pkg(), "directly here"},
		{"vault/helpers", pkg(), "unknown package"},
		{"vault/fhir", &build.Package{}, "no package comment"},
		{"vault/fhir", &build.Package{Doc: "x", CgoFiles: []string{"a.go"}}, "cgo"},
	}
	for _, c := range cases {
		if got := strings.Join(faults(c.dir, c.p), "; "); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.dir, got, c.want)
		}
	}
	if got := faults("cmd/phivault-bench", pkg("vault/store/unsealed")); len(got) > 0 {
		t.Errorf("the benchmark is refused: %v", got)
	}
	for _, ok := range []string{"vault/store", "vault/local", "cmd/phivault"} {
		if got := faults(ok, pkg("crypto/secret")); len(got) > 0 {
			t.Errorf("%s is refused: %v", ok, got)
		}
	}
	chain := map[string]*build.Package{
		"cmd/phivault-host": pkg("sync/host"), "sync/host": pkg("vault/journal"), "vault/journal": pkg(),
	}
	if got := hostFaults(chain); len(got) != 1 {
		t.Errorf("a host linking vault/journal through sync/host: %v", got)
	}
}
