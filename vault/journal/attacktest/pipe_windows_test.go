package attacktest

import "os"

// pipe: a folder has none on Windows.
func pipe(name string) error { return os.Mkdir(name, 0o700) }
