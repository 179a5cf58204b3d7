package tui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Only these files may make a tea.Cmd of their own: a screen has to go through
// commands, so that none can read or write while it answers a key.
var makers = map[string]bool{"commands.go": true, "lock.go": true, "run.go": true}

func TestScreensMakeNoCommandsOfTheirOwn(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 20 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || makers[name] {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, fault := range faultsIn(t, name, src) {
			t.Error(fault)
		}
	}
}

func faultsIn(t *testing.T, name string, src []byte) (out []string) {
	f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, imp := range f.Imports {
		switch p := strings.Trim(imp.Path.Value, `"`); p {
		case "os", "net", "os/exec", "syscall":
			if !strings.HasPrefix(name, "signals_") {
				out = append(out, name+": imports "+p)
			}
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			if r := n.Type.Results; r != nil && len(r.List) == 1 && isTea(r.List[0].Type, "Msg") {
				out = append(out, name+": makes a tea.Cmd")
			}
		case *ast.SelectorExpr:
			for _, forbidden := range []string{"Tick", "Every", "Exec", "ExecProcess", "Printf", "Println", "Raw", "SetClipboard", "Suspend"} {
				if isTea(n, forbidden) {
					out = append(out, name+": uses tea."+forbidden)
				}
			}
		}
		return true
	})
	return out
}

func isTea(e ast.Expr, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "tea"
}

func TestTheFaultsAreFound(t *testing.T) {
	src := "package tui\nimport (\"os\"; tea \"charm.land/bubbletea/v2\")\nvar x = func() tea.Msg { return tea.Println(os.Args) }\n"
	if got := faultsIn(t, "x.go", []byte(src)); len(got) != 3 {
		t.Errorf("%q", got)
	}
}
