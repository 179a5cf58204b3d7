package store

import (
	"net/url"
	"runtime"
	"strings"
)

// FileURI is the name by which SQLite opens the file at path, absolute or not, with
// the parameters q (https://sqlite.org/uri.html).
func FileURI(path string, q url.Values) string {
	p := uriPath(path, runtime.GOOS == "windows")
	return (&url.URL{Scheme: "file", OmitHost: true, Path: p, RawQuery: q.Encode()}).String()
}

// uriPath is a path as SQLite takes it from a file URI
// (https://sqlite.org/uri.html, section 3.2): a drive's letter stands behind a
// slash, and a path that begins with two, a share, behind an empty host.
func uriPath(p string, windows bool) string {
	if windows {
		p = strings.ReplaceAll(p, `\`, "/")
	}
	switch {
	case strings.HasPrefix(p, "//"):
		return "//" + p
	case windows && !strings.HasPrefix(p, "/"):
		return "/" + p
	}
	return p
}
