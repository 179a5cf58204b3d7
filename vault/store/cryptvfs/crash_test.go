package cryptvfs

import (
	"bufio"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const (
	crashPath = "PHIVAULT_CRYPTVFS_PATH"
	crashPage = "PHIVAULT_CRYPTVFS_PAGE"
	crashSeed = "PHIVAULT_CRYPTVFS_SEED"
)

// crashChild commits for ever and says so after each commit, while another
// connection reads and a third one checkpoints.
func crashChild() {
	must := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	number := func(name string) int {
		n, err := strconv.Atoi(os.Getenv(name))
		must(err)
		return n
	}
	v, err := New(Options{Key: testKey, VaultID: testVault, PageSize: number(crashPage)})
	must(err)
	db, err := sql.Open("sqlite", dsn(v, os.Getenv(crashPath), ""))
	must(err)
	for _, q := range []string{"select sum(n), count(*) from t", "pragma wal_checkpoint(passive)"} {
		go func() {
			for {
				_, err := db.Exec(q)
				must(err)
			}
		}()
	}
	r := rand.New(rand.NewPCG(uint64(number(crashSeed)), 1))
	for {
		tx, err := db.Begin()
		must(err)
		must(work(tx, r))
		var n int
		must(tx.QueryRow("update acct set v=v+1 where id=1000 returning v").Scan(&n))
		must(tx.Commit())
		fmt.Println("committed", n)
	}
}

// TestCommitsSurviveAKill kills a writing process at a moment drawn by the
// number of its commits and checks that what it acknowledged is there.
func TestCommitsSurviveAKill(t *testing.T) {
	forBothPageSizes(t, func(t *testing.T, size int) {
		dir := t.TempDir()
		path := filepath.Join(dir, "v.db")
		v := newTestVFS(t, size)
		db := openDB(t, v, path, "")
		seed(t, db)
		run(t, db, "insert into acct values(1000,0)")
		db.Close()
		last := 0
		r := rand.New(rand.NewPCG(uint64(size), 2))
		for round := range slow(8, 60) {
			c := child("crash", crashPath+"="+path, fmt.Sprint(crashPage, "=", size), fmt.Sprint(crashSeed, "=", round))
			out, err := c.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			lines, target := bufio.NewScanner(out), r.IntN(slow(10, 40))
			for i := 0; lines.Scan(); i++ {
				var n int
				if _, err := fmt.Sscanf(lines.Text(), "committed %d", &n); err != nil {
					t.Fatal(lines.Text())
				}
				last = max(last, n)
				if i == target {
					if err := c.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				}
			}
			c.Wait() // was killed
			checkUnreadable(t, dir)
			db := openDB(t, v, path, "")
			got, err := strconv.Atoi(one(t, db, "select v from acct where id=1000"))
			if err != nil || got < last || got > last+1 {
				t.Fatalf("round %d: acknowledged %d, found %d, %v", round, last, got, err)
			}
			db.Close()
			checkSound(t, v, path)
		}
		if last == 0 {
			t.Fatal("nothing was committed")
		}
		if n := v.Stats().AuthFailures; n != 0 {
			t.Error(n, v.LastError())
		}
	})
}
