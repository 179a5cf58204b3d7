package cryptvfs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func TestADatabaseIsWrittenAndReadBack(t *testing.T) {
	forBothPageSizes(t, func(t *testing.T, size int) {
		dir := t.TempDir()
		path := filepath.Join(dir, "v.db")
		v := hastyVFS(t, size)
		db := openDB(t, v, path, "")
		if m := one(t, db, "pragma journal_mode"); m != "wal" {
			t.Fatal(m)
		}
		if s := one(t, db, "pragma page_size"); s != fmt.Sprint(size) {
			t.Fatal(s)
		}
		run(t, db, testSchema)
		for i := range 500 {
			run(t, db, "insert into t(id,k,b) values(?,?,?)", i, fmt.Sprint("k", i), bytes.Repeat([]byte(canary), i))
			run(t, db, "insert into f(rowid,x) values(?,?)", i, fmt.Sprint("hypertension w", i, canary))
		}
		checkUnreadable(t, dir)
		if s := one(t, db, "select count(*) from f where f match 'hypertension'"); s != "500" {
			t.Fatal(s)
		}
		run(t, db, "vacuum")
		run(t, db, "pragma wal_checkpoint(truncate)")
		db.Close()
		checkUnreadable(t, dir)
		checkSound(t, v, path)
		if st, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && st.Mode().Perm() != 0o600 {
			t.Error(st.Mode(), err)
		}
		if n := v.Stats().AuthFailures; n != 0 {
			t.Error(n, v.LastError())
		}
	})
}

// TestItWorksWithApprovedCryptographyOnly: the certified module refuses AES-GCM
// with nonces from the caller, and what else is not approved.
func TestItWorksWithApprovedCryptographyOnly(t *testing.T) {
	c := exec.Command(os.Args[0], "-test.run=^(TestADatabaseIsWrittenAndReadBack|TestWhatIsSealedOpensOnlyInItsPlace)$", "-test.v")
	c.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := c.CombinedOutput()
	if err != nil || bytes.Count(out, []byte("\n--- PASS: Test")) != 2 {
		t.Fatalf("%v\n%s", err, out)
	}
}
