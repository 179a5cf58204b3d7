package attacktest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var numbered = regexp.MustCompile(`^Test(Attack[0-9]{2}(?:And[0-9]{2})*)`)

// numberedTests are the tests of the module that are named by attacks, by number; each as
// folder and name.
func numberedTests(t *testing.T) map[int][]string {
	t.Helper()
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	found := map[int][]string{}
	err = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && p != root && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, filepath.Dir(p))
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv != nil {
				continue
			}
			m := numbered.FindStringSubmatch(fn.Name.Name)
			if m == nil {
				continue
			}
			for _, n := range strings.Split(strings.TrimPrefix(m[1], "Attack"), "And") {
				i, err := strconv.Atoi(n)
				if err != nil {
					return err
				}
				found[i] = append(found[i], filepath.ToSlash(rel)+" "+fn.Name.Name)
			}
			if filepath.ToSlash(rel) == "vault/journal/attacktest" && !documented(fn.Doc.Text()) {
				t.Errorf("%s does not say what is expected, and how it was seen to succeed", fn.Name.Name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func documented(doc string) bool {
	doc = strings.Join(strings.Fields(doc), " ")
	return strings.HasPrefix(doc, "Attack") && strings.Contains(doc, "Expected: ") &&
		slices.ContainsFunc([]string{"Seen to ", "seen to ", "weaken", "to see it taken", "The search finds"}, func(s string) bool { return strings.Contains(doc, s) })
}

// The list of attacks has 49 numbers, and each has a test that runs. Those on
// transport have one at every adapter that speaks over a network; hostile names in a
// folder, at that.
func TestEveryAttackHasATest(t *testing.T) {
	found := numberedTests(t)
	for n := 1; n <= 49; n++ {
		if len(found[n]) == 0 {
			t.Errorf("attack %d has no test", n)
		}
	}
	for n := range found {
		if n < 1 || n > 49 {
			t.Errorf("there is no attack %d: %v", n, found[n])
		}
	}
	at := func(n int, folder string) {
		if !slices.ContainsFunc(found[n], func(s string) bool { return strings.HasPrefix(s, folder+" ") }) {
			t.Errorf("attack %d has no test in %s", n, folder)
		}
	}
	for n := 1; n <= 49; n++ {
		// 25, 40, 47 and 49 are attacks on the whole program.
		if !slices.Contains([]int{25, 40, 47, 49}, n) {
			at(n, "vault/journal/attacktest")
		}
	}
	for _, n := range []int{41, 44, 45, 46} {
		for _, adapter := range []string{"sync/host", "sync/remote/s3", "sync/remote/webdav"} {
			at(n, adapter)
		}
	}
	for _, n := range []int{25, 40, 44, 47, 49} {
		at(n, "cmd/phivault")
	}
	at(43, "sync/remote/folder")
	at(9, "crypto/seal")
	at(5, "crypto/keyfile")
}
