package cryptvfs

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// TestThePageThatIsNeverWritten: SQLite leaves out the page that holds its lock
// bytes, at 1 GiB; the file has a hole there that no key ever sealed. The child
// moves the lock bytes to 64 KiB so that a small database shows it.
func TestThePageThatIsNeverWritten(t *testing.T) {
	out, err := child("lockpage", crashPath+"="+t.TempDir()).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "done" {
		t.Fatalf("%v\n%s", err, out)
	}
}

func lockPageChild() {
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	const pendingByte = 65536
	tls := libc.NewTLS()
	va := libc.Xmalloc(tls, 16)
	sqlite3.Xsqlite3_test_control(tls, sqlite3.SQLITE_TESTCTRL_PENDING_BYTE, libc.VaList(va, uint32(pendingByte)))
	v, err := New(Options{Key: testKey, VaultID: testVault})
	must(err)
	path := filepath.Join(os.Getenv(crashPath), "v.db")
	for range 3 {
		db, err := sql.Open("sqlite", dsn(v, path, ""))
		must(err)
		_, err = db.Exec("create table if not exists t(b); insert into t select randomblob(3000) from " + count(300))
		must(err)
		for _, q := range []string{"pragma integrity_check", "vacuum", "pragma integrity_check"} {
			var s string
			if err := db.QueryRow(q).Scan(&s); err != sql.ErrNoRows && (err != nil || s != "ok") {
				fmt.Println(q, s, err)
			}
		}
		must(db.Close())
	}
	must(v.Close())
	b, err := os.ReadFile(path)
	must(err)
	if !allZero(b[pendingByte : pendingByte+4096]) {
		fmt.Println("the page was written: this test tests nothing")
	}
	fmt.Println("done")
}
