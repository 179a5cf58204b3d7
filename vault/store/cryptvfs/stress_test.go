package cryptvfs

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// work is one transaction of the mixed load: upserts, full-text entries,
// transfers between accounts, now and then a savepoint whose dirty pages spill
// into the log, are rolled back and written again.
func work(tx *sql.Tx, r *rand.Rand) error {
	var errs []error
	do := func(q string, args ...any) {
		if _, err := tx.Exec(q, args...); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", q, err))
		}
	}
	for range 1 + r.IntN(20) {
		k := r.IntN(3000)
		b := bytes.Repeat([]byte(canary), r.IntN(400))
		do("insert into t(id,k,b,n) values(?,?,?,1) on conflict do update set b=excluded.b, n=n+1", k, fmt.Sprint("k", k), b)
		do("delete from f where rowid=?", k)
		do("insert into f(rowid,x) values(?,?)", k, fmt.Sprint("hypertension w", k, " ", canary))
	}
	if r.IntN(6) == 0 {
		for _, q := range []string{"pragma cache_size=20", "savepoint a", "update t set b=b||'x'", "rollback to a",
			"update t set n=n+1 where id%3=0", "release a", "pragma cache_size=-2000"} {
			do(q)
		}
	}
	if r.IntN(8) == 0 { // free pages, to be used again
		from := r.IntN(3000)
		do("delete from f where rowid between ? and ?", from, from+200)
		do("delete from t where id between ? and ?", from, from+200)
	}
	a, b := r.IntN(100), r.IntN(100)
	do("update acct set v=v-7 where id=?", a)
	do("update acct set v=v+7 where id=?", b)
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}

func seed(t testing.TB, db *sql.DB) {
	t.Helper()
	run(t, db, testSchema)
	run(t, db, "insert into acct select value, 100 from "+count(100))
}

func TestWritersAndReadersDoNotDisturbEachOther(t *testing.T) {
	forBothPageSizes(t, func(t *testing.T, size int) {
		dir := t.TempDir()
		path := filepath.Join(dir, "v.db")
		v := newTestVFS(t, size)
		db := openDB(t, v, path, "")
		db.SetMaxOpenConns(4)
		seed(t, db)
		ctx, done := context.WithCancel(context.Background())
		var writers, readers sync.WaitGroup
		var reads atomic.Int64
		for w := range 2 {
			writers.Go(func() {
				r := rand.New(rand.NewPCG(uint64(w), uint64(size)))
				for range slow(15, 300) {
					tx, err := db.Begin()
					if err != nil {
						t.Error(err)
						return
					}
					if err := work(tx, r); err != nil {
						t.Error(err)
					}
					end := tx.Commit
					if r.IntN(5) == 0 {
						end = tx.Rollback
					}
					if err := end(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		for range 2 {
			readers.Go(func() {
				for ctx.Err() == nil {
					for q, want := range map[string]string{
						"select sum(v) from acct": "10000",
						"select count(*)-(select count(*) from t) from f where f match 'hypertension'": "0",
						"select 0*count(*) from (select k, b from t order by b limit 50)":              "0",
					} {
						var got string
						if err := db.QueryRow(q).Scan(&got); err != nil || got != want {
							t.Errorf("%s: %s, %v", q, got, err)
							return
						}
					}
					reads.Add(1)
				}
			})
		}
		writers.Wait()
		checkUnreadable(t, dir)
		done()
		readers.Wait()
		checkSound(t, v, path)
		run(t, db, "vacuum")
		checkSound(t, v, path)
		run(t, db, "pragma wal_checkpoint(truncate)")
		db.Close()
		checkUnreadable(t, dir)
		s := v.Stats()
		if s.AuthFailures != 0 || s.Refused != 0 {
			t.Errorf("%+v: %v", s, v.LastError())
		}
		t.Logf("%d rounds of reading, %+v", reads.Load(), s)
	})
}
