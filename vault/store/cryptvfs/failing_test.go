package cryptvfs

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// failing is a recorder of a disk that refuses some of what it is told: of a write some
// sectors may get through.
type failing struct {
	recorder
	r                 *rand.Rand
	write, cut, syncs float64 // how likely each is refused
	refused           int
}

var _ changes = (*failing)(nil)

func (f *failing) refuse(chance float64) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	no := f.r.Float64() < chance
	if no {
		f.refused++
	}
	return no
}

func (f *failing) Write(file *os.File, b []byte, off int64) error {
	if !f.refuse(f.write) {
		return f.recorder.Write(file, b, off)
	}
	f.mu.Lock()
	part := max(0, (off+f.r.Int64N(int64(len(b))))/sector*sector-off)
	f.mu.Unlock()
	if part > 0 {
		if err := f.recorder.Write(file, b[:part], off); err != nil {
			return err
		}
	}
	return syscall.ENOSPC
}

func (f *failing) Truncate(file *os.File, size int64) error {
	if f.refuse(f.cut) {
		return syscall.EIO
	}
	return f.recorder.Truncate(file, size)
}

func (f *failing) Sync(file *os.File) error {
	if !f.refuse(f.syncs) {
		return f.recorder.Sync(file)
	}
	f.add(event{op: "sync-failed", path: file.Name()})
	return syscall.EIO
}

// refused runs a load on a disk that refuses now and then, and notes commits as recorded does.
func refused(t *testing.T, size int, seed uint64) *failing {
	t.Helper()
	rec := &failing{r: rand.New(rand.NewPCG(seed, 1))}
	v := vfsOn(t, size, rec)
	path := filepath.Join(t.TempDir(), "v.db")
	more := "&_pragma=wal_autocheckpoint(0)&_pragma=cache_size(20)&_pragma=journal_size_limit(100000)"
	r := rand.New(rand.NewPCG(seed, 2))
	counter := 0
	for session := range 6 {
		rec.write, rec.cut, rec.syncs = 0, 0, 0
		db, other := openDB(t, v, path, more), openDB(t, v, path, more)
		db.SetMaxOpenConns(1)
		if session == 0 {
			run(t, db, "create table if not exists c(v int); create table if not exists t(id integer primary key, b blob);"+
				"create virtual table if not exists f using fts5(x, content='', contentless_delete=1, detail=none);"+
				"insert into c select 0 where not exists (select * from c)")
		}
		n, err := strconv.Atoi(one(t, db, "select v from c"))
		if err != nil || n < counter || n > counter+1 {
			t.Fatalf("seed %d, session %d: %d, and %d was acknowledged: %v", seed, session, n, counter, err)
		}
		rec.add(event{op: "note", note: counter})
		counter = n // one more than was acknowledged is nobody's until the next
		rec.write, rec.cut = 0.02, 0.1
		if r.IntN(2) == 0 {
			rec.syncs = 0.02
		}
		for range 25 {
			tx, err := db.Begin()
			if err != nil {
				continue
			}
			ok := true
			do := func(q string, args ...any) {
				if ok {
					_, err := tx.Exec(q, args...)
					ok = err == nil
				}
			}
			for range 1 + r.IntN(4) {
				k := r.IntN(40)
				do("insert or replace into t values(?,?)", k, bytes.Repeat([]byte{byte(k)}, r.IntN(2*size)))
				do("insert or replace into f(rowid,x) values(?,?)", k, fmt.Sprint("w", k))
			}
			if r.IntN(3) == 0 {
				do("savepoint a")
				do("update t set b=zeroblob(length(b)+9)")
				if r.IntN(2) == 0 {
					other.Exec("pragma wal_checkpoint(passive)")
				}
				do("rollback to a")
				do("release a")
				do("update t set b=b||'y' where id%2=0")
			}
			if r.IntN(5) == 0 {
				do("delete from t where id%3=1")
			}
			do("update c set v=v+1")
			if ok && r.IntN(4) != 0 {
				rec.add(event{op: "note", note: -counter - 1})
				if tx.Commit() == nil {
					counter++
					rec.add(event{op: "note", note: counter})
				} else {
					tx.Rollback()
				}
			} else {
				tx.Rollback()
			}
			if r.IntN(3) == 0 {
				other.Exec("pragma wal_checkpoint(" + []string{"passive", "full", "restart", "truncate"}[r.IntN(4)] + ")")
			}
		}
		if r.IntN(2) == 0 {
			rec.write, rec.cut, rec.syncs = 0, 0, 0
		}
		db.Close()
		other.Close()
	}
	return rec
}

// A disk that refuses writes, truncations and syncs now and then, and then loses what was not
// synced, loses nothing that was acknowledged. Seen to fail with held pages that are dropped
// when they cannot be written, and with a log that is not adopted after a failed sync.
func TestADiskThatRefusesAndThenCrashesLosesNothing(t *testing.T) {
	for seed := range uint64(slow(4, 100)) {
		size := []int{4096, 8192}[seed%2]
		rec := refused(t, size, seed)
		v, err := newVFS(Options{Key: testKey, VaultID: testVault, PageSize: size}, hastyDisk{})
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 4))
		dir, begun := t.TempDir(), false
		for n := 1; n <= len(rec.events); n++ {
			begun = begun || rec.events[n-1].op == "note"
			if !begun || r.Float64() > 12/float64(len(rec.events)) {
				continue
			}
			for _, fates := range choices(uncovered(rec.events, n), r) {
				placeFiles(t, dir, crashed(rec.events, n, func(i int) fate { return fates[i] }, r))
				if msg := survived(v, dir, rec.events[:n], true); msg != "" {
					t.Fatalf("seed %d: after %d of %d events (%v), %d open: %s", seed, n, len(rec.events), rec.events[n-1], len(fates), msg)
				}
			}
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
		if rec.refused == 0 {
			t.Errorf("seed %d: the disk refused nothing", seed)
		}
	}
}
