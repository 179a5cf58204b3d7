package codectest

import (
	"os"
	"path/filepath"
	"testing"
)

// Corpus gives the folder of sample data that lies beside the repository, or
// where PHIVAULT_CORPUS says. Set and missing fails; unset and absent skips.
func Corpus(t testing.TB, folder string) string {
	t.Helper()
	root, set := os.LookupEnv("PHIVAULT_CORPUS")
	if !set {
		dir, err := os.Getwd()
		if err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
				break
			}
			if dir == filepath.Dir(dir) {
				t.Fatal("no go.mod above the test's folder")
			}
			dir = filepath.Dir(dir)
		}
		root = filepath.Join(dir, "..", "shared", "data")
	}
	path := filepath.Join(root, folder)
	if _, err := os.Stat(path); err != nil {
		if set {
			t.Fatalf("PHIVAULT_CORPUS is set and has no %s", folder)
		}
		t.Skip("no sample data beside the repository; PHIVAULT_CORPUS says where it is")
	}
	return path
}
