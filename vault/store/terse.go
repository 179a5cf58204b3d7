package store

import "strings"

// terse gives SQL without comments and with single spaces: SQLite keeps the text of what is
// created, and reads all of it whenever a database is opened. What stands in quotes stays
// as it is.
func terse(sql string) string {
	var b strings.Builder
	space := false
	for sql != "" {
		n := 1
		switch c := sql[0]; {
		case strings.HasPrefix(sql, "--"):
			if n = strings.IndexByte(sql, '\n'); n < 0 {
				n = len(sql)
			}
			space = true
		case c == ' ', c == '\t', c == '\n', c == '\r':
			space = true
		default:
			if c == '\'' || c == '"' { // a doubled one ends a part and begins the next
				if end := strings.IndexByte(sql[1:], c); end < 0 {
					n = len(sql)
				} else {
					n = end + 2
				}
			}
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(sql[:n])
			space = false
		}
		sql = sql[n:]
	}
	return b.String()
}
