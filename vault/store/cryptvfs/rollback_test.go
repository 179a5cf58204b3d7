package cryptvfs

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
)

// What a rolled back transaction left to be written is never written over what
// another handle committed since. Seen to fail when a handle wrote out what it had
// waiting whoever wrote last.
func TestARollbackLeavesNothingToBeWritten(t *testing.T) {
	for how, then := range map[string][]string{
		"read":       {"SELECT sum(length(b)) FROM t"},
		"write":      {"BEGIN IMMEDIATE", "INSERT INTO t(id,k) VALUES(10000,'x')", "COMMIT"},
		"checkpoint": {"PRAGMA wal_checkpoint(passive)"},
	} {
		t.Run(how, func(t *testing.T) {
			ctx := context.Background()
			path := filepath.Join(t.TempDir(), "v.db")
			v := newTestVFS(t, 4096)
			db := openDB(t, v, path, "")
			seed(t, db)
			run := func(c *sql.Conn, queries ...string) {
				t.Helper()
				for _, q := range queries {
					if _, err := c.ExecContext(ctx, q); err != nil {
						t.Errorf("%s: %v", q, err)
					}
				}
			}
			var conns [2]*sql.Conn
			for i := range conns {
				c, err := db.Conn(ctx)
				if err != nil {
					t.Fatal(err)
				}
				conns[i] = c
				run(c, "PRAGMA wal_autocheckpoint=0", "PRAGMA cache_size=20")
			}
			insert := "INSERT INTO t(id,k,b) SELECT value, '%s'||value, randomblob(900) FROM " + count(500)
			run(conns[0], "BEGIN IMMEDIATE", fmt.Sprintf(insert, "a"), "ROLLBACK")
			run(conns[1], "BEGIN IMMEDIATE", fmt.Sprintf(insert, "b"), "COMMIT")
			run(conns[0], then...)
			for _, c := range conns {
				c.Close()
			}
			db.Close()

			db = openDB(t, v, path, "")
			defer db.Close()
			var n int
			if err := db.QueryRow("SELECT count(*) FROM t WHERE k LIKE 'b%'").Scan(&n); err != nil || n != 500 {
				t.Errorf("%d of 500 committed rows: %v", n, err)
			}
			var whole string
			if err := db.QueryRow("PRAGMA integrity_check").Scan(&whole); err != nil || whole != "ok" {
				t.Errorf("%s %v", whole, err)
			}
		})
	}
}
