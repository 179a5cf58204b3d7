package cryptvfs

import "strings"

// allowed decides on PRAGMAs with a value that would take away what this package
// promises. Journal modes other than WAL write pages without crash safety or
// need files that are refused. Without any sync a log may reach the disk out of
// order, and what a power cut leaves of it is an error here, not an empty log.
func allowed(name, value string) bool {
	switch strings.ToLower(name) {
	case "journal_mode":
		return strings.EqualFold(value, "wal")
	case "synchronous":
		switch strings.ToLower(value) {
		case "1", "normal", "2", "full", "3", "extra":
			return true
		}
		return false
	}
	return true
}
