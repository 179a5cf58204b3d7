package cryptvfs

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"testing"
)

// recorded runs a load on a recorder: commits, spills that are rolled back or
// committed, checkpoints of all kinds also in the middle of a transaction, the
// log started over and made anew. Each commit leaves a note, each begin another.
func recorded(t *testing.T, size int, synchronous string) *recorder {
	t.Helper()
	rec := &recorder{}
	v, err := newVFS(Options{Key: testKey, VaultID: testVault, PageSize: size}, rec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "v.db")
	more := "&_pragma=synchronous(" + synchronous + ")&_pragma=wal_autocheckpoint(0)&_pragma=cache_size(20)"
	r := rand.New(rand.NewPCG(uint64(size), 3))
	counter := 0
	for range 3 { // sessions: closing the last connection removes the log
		db, other := openDB(t, v, path, more), openDB(t, v, path, more)
		db.SetMaxOpenConns(1)
		run(t, db, "create table if not exists c(v int); create table if not exists t(id integer primary key, b blob);"+
			"create virtual table if not exists f using fts5(x, content='', contentless_delete=1, detail=none);"+
			"insert into c select 0 where not exists (select * from c)")
		rec.add(event{op: "note", note: counter})
		for range 14 {
			tx, err := db.Begin()
			if err != nil {
				t.Fatal(err)
			}
			do := func(q string, args ...any) {
				if _, err := tx.Exec(q, args...); err != nil {
					t.Fatalf("%s: %v", q, err)
				}
			}
			commit, spill := r.IntN(4) != 0, r.IntN(3) == 0
			for range 1 + r.IntN(4) {
				k := r.IntN(40)
				do("insert or replace into t values(?,?)", k, bytes.Repeat([]byte{byte(k)}, r.IntN(2*size)))
				do("insert or replace into f(rowid,x) values(?,?)", k, fmt.Sprint("w", k))
			}
			if spill {
				do("savepoint a")
				do("update t set b=zeroblob(length(b)+9)")
				if r.IntN(2) == 0 {
					run(t, other, "pragma wal_checkpoint(passive)") // syncs frames that are not committed
				}
				do("rollback to a")
				do("release a")
				do("update t set b=b||'y' where id%2=0")
			}
			do("update c set v=v+1")
			if commit {
				counter++
				rec.add(event{op: "note", note: -counter}) // may be there from here on
				err = tx.Commit()
				rec.add(event{op: "note", note: counter}) // must be there from here on
			} else {
				err = tx.Rollback()
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.IntN(4) == 0 {
				run(t, other, "pragma wal_checkpoint("+[]string{"passive", "full", "restart", "truncate"}[r.IntN(4)]+")")
			}
		}
		db.Close()
		other.Close()
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return rec
}

// TestEveryCrashOfTheDiskIsSurvived rebuilds what a power cut could leave: after
// any event, with any of the changes dropped or torn that no sync covered. The
// process that is killed elsewhere keeps the page cache; this loses it.
func TestEveryCrashOfTheDiskIsSurvived(t *testing.T) {
	for _, synchronous := range []string{"full", "normal"} {
		t.Run(synchronous, func(t *testing.T) {
			forBothPageSizes(t, func(t *testing.T, size int) { surviveEveryCrash(t, size, synchronous) })
		})
	}
}

func surviveEveryCrash(t *testing.T, size int, synchronous string) {
	rec := recorded(t, size, synchronous)
	v, err := newVFS(Options{Key: testKey, VaultID: testVault, PageSize: size}, hastyDisk{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	checkTheLoad(t, rec.events, int64(size))
	r := rand.New(rand.NewPCG(uint64(size), 4))
	states, dir := 0, t.TempDir()
	// Each event is a possible end; some are drawn, those of the creation always.
	chance := float64(slow(25, 150)) / float64(len(rec.events))
	for n := 1; n <= len(rec.events); n++ {
		if n > 12 && r.Float64() > chance {
			continue
		}
		for _, fates := range choices(uncovered(rec.events, n), r) {
			states++
			placeFiles(t, dir, crashed(rec.events, n, func(i int) fate { return fates[i] }, r))
			if msg := survived(v, dir, rec.events[:n], synchronous == "full"); msg != "" {
				t.Fatalf("after %d of %d events (%v), %d open: %s", n, len(rec.events), rec.events[n-1], len(fates), msg)
			}
		}
	}
	t.Logf("%d states of %d events", states, len(rec.events))
}

// choices gives fates to the uncovered events: all subsets when they are few,
// else some drawn, and always none, all, and each torn.
func choices(open []int, r *rand.Rand) (all []map[int]fate) {
	uniform := func(f fate) {
		m := map[int]fate{}
		for _, i := range open {
			m[i] = f
		}
		all = append(all, m)
	}
	uniform(kept)
	if len(open) == 0 {
		return all
	}
	uniform(dropped)
	uniform(torn)
	most := slow(4, 16)
	if 1<<min(len(open), 10) <= most {
		for set := range 1 << len(open) {
			m := map[int]fate{}
			for bit, i := range open {
				m[i] = fate(set >> bit & 1)
			}
			all = append(all, m)
		}
		return all
	}
	for range most {
		m, lost := map[int]fate{}, r.Float64()
		for _, i := range open {
			if r.Float64() < lost {
				m[i] = dropped + fate(r.IntN(2))
			}
		}
		all = append(all, m)
	}
	return all
}

// survived opens a rebuilt folder and says what is wrong with it.
func survived(v *VFS, dir string, past []event, durable bool) string {
	must, may, created := 0, 0, false
	for _, e := range past {
		if e.op == "note" && e.note >= 0 {
			must, created = max(must, e.note), true
		}
		if e.op == "note" {
			may = max(may, e.note, -e.note)
		}
	}
	path := filepath.Join(dir, "v.db")
	db, err := sql.Open("sqlite", dsn(v, path, ""))
	if err != nil {
		return err.Error()
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	var sound, tables string
	if err := db.QueryRow("pragma integrity_check").Scan(&sound); err != nil || sound != "ok" {
		return fmt.Sprint(sound, " ", err, " ", v.LastError())
	}
	if err := db.QueryRow("select count(*) from sqlite_schema where name in ('c','t','f')").Scan(&tables); err != nil {
		return err.Error()
	}
	if tables != "3" {
		if created && durable {
			return "the tables are gone"
		}
		return ""
	}
	var s string
	if err := db.QueryRow("select coalesce(max(v),0) from c").Scan(&s); err != nil {
		return err.Error()
	}
	got, _ := strconv.Atoi(s)
	if durable && got < must || got > may {
		return fmt.Sprintf("acknowledged %d, begun %d, found %d", must, may, got)
	}
	// The database goes on from here.
	for _, q := range []string{"insert into t values(1000,zeroblob(9000))", "insert into f(f) values('integrity-check')", "pragma wal_checkpoint(truncate)"} {
		if _, err := db.Exec(q); err != nil {
			return fmt.Sprint(q, ": ", err, " ", v.LastError())
		}
	}
	return ""
}

// checkTheLoad makes sure that the load reaches what it is for.
func checkTheLoad(t *testing.T, events []event, size int64) {
	t.Helper()
	seen, again, reached := map[int64]int{}, 0, map[string]int{}
	for _, e := range events {
		reached[e.op]++
		if e.op != "write" || filepath.Ext(e.path) != ".db-wal" {
			continue
		}
		if e.off == 0 {
			reached["log started"]++
			clear(seen)
		}
		frame := markSize + frameHeaderSize + size
		for off := e.off; off < e.off+int64(len(e.data)); off += frame {
			if seen[off]++; seen[off] > 1 {
				again++
			}
		}
		if int64(len(e.data)) > frame {
			reached["several frames at once"]++
		}
	}
	for _, op := range []string{"write", "truncate", "sync", "sync-folder", "rename", "remove", "note"} {
		if reached[op] == 0 {
			t.Errorf("the load never does: %s", op)
		}
	}
	if reached["log started"] < 5 || again < 50 || reached["several frames at once"] < 20 {
		t.Errorf("the log was started %d times, %d frames written again, %d times several at once", reached["log started"], again, reached["several frames at once"])
	}
}
