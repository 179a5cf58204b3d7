package store

import (
	"net/url"
	"path/filepath"
	"testing"
)

func TestPathsBecomeURIs(t *testing.T) {
	for _, c := range []struct {
		path    string
		windows bool
		want    string
	}{
		{"/home/a/vault.db", false, "/home/a/vault.db"},
		{"C:/Users/a/vault.db", true, "/C:/Users/a/vault.db"},
		{"//server/share/vault.db", true, "////server/share/vault.db"},
		{"//?/C:/a/vault.db", true, "////?/C:/a/vault.db"},
		{`C:\Users\a\vault.db`, true, "/C:/Users/a/vault.db"},
		{`\\server\share\a vault\vault.db`, true, "////server/share/a vault/vault.db"},
		{`\\?\C:\a\vault.db`, true, "////?/C:/a/vault.db"},
		{`/home/a\b/vault.db`, false, `/home/a\b/vault.db`},
	} {
		if got := uriPath(c.path, c.windows); got != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
	// SQLite reads a path with two slashes in front, as a share has, and one with
	// characters that mean something in a URI.
	for _, name := range []string{"a?b", "c#d", "e%20f", "g h"} {
		path := filepath.Join(t.TempDir(), "x")
		if filepath.Separator == '/' {
			path = "/" + filepath.Join(t.TempDir(), name)
		}
		s, err := Create(ctx, path, testOptions())
		if err != nil {
			t.Fatal(name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, ok := filesIn(t, filepath.Dir(path))[filepath.Base(path)]; !ok {
			t.Errorf("%s is not where it should be", name)
		}
	}
	for path, want := range map[string]string{
		"/home/a/vault.db":        "file:/home/a/vault.db?",
		"//server/share/vault.db": "file:////server/share/vault.db?",
		"/home/a b?c#d/vault.db":  "file:/home/a%20b%3Fc%23d/vault.db?",
	} {
		if s := FileURI(path, url.Values{"vfs": {"v"}}); s != want+"vfs=v" {
			t.Errorf("%s: %s", path, s)
		}
	}
}
