package cryptvfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestALogThatWasFoundIsDurableBeforeItIsBuiltOn: the process that wrote its last
// commit saw the sync fail and ended. The system still shows what it wrote and
// will not write it again by itself. The next process commits, and then the power
// fails.
func TestALogThatWasFoundIsDurableBeforeItIsBuiltOn(t *testing.T) {
	for _, more := range []string{"insert into c values(4,0)", "pragma wal_checkpoint(truncate); insert into c values(4,0)"} {
		first := hastyVFS(t, 4096)
		dir := mustDir(t)
		path := filepath.Join(dir, "v.db")
		const noMove = "&_pragma=wal_autocheckpoint(0)"
		db := openDB(t, first, path, noMove)
		db.SetMaxOpenConns(1)
		run(t, db, "create table c(id integer primary key, v); insert into c values(1,0); pragma wal_checkpoint(truncate)")
		run(t, db, "insert into c values(2,randomblob(9000))")
		disk := filesOf(t, dir)
		run(t, db, "insert into c values(3,randomblob(9000))") // this one's sync failed
		shown := filesOf(t, dir)
		db.Close()

		dir = mustDir(t)
		path = filepath.Join(dir, "v.db")
		rec := &recorder{}
		for name, b := range disk {
			p := filepath.Join(dir, name)
			rec.add(event{op: "write", path: p, data: []byte(b)})
			rec.add(event{op: "sync", path: p})
			if err := os.WriteFile(p, []byte(shown[name]), fileMode); err != nil {
				t.Fatal(err)
			}
		}
		rec.add(event{op: "sync-folder", path: dir})
		from := len(rec.events)
		db = openDB(t, vfsOn(t, 4096, rec), path, noMove)
		db.SetMaxOpenConns(1)
		run(t, db, more)
		acknowledged := len(rec.events)
		run(t, db, "insert into c values(5,0)")
		events := slices.Clone(rec.events)
		db.Close()

		r := rand.New(rand.NewPCG(1, 1))
		for n := from; n <= len(events); n++ {
			for range 3 {
				after := mustDir(t)
				placeFiles(t, after, crashed(events, n, func(int) fate { return fate(r.IntN(3)) }, r))
				db := openDB(t, first, filepath.Join(after, "v.db"), "")
				var ids string
				err := db.QueryRow("select group_concat(id) from (select id from c order by id)").Scan(&ids)
				db.Close()
				if err != nil {
					t.Fatalf("%s: cut behind event %d, %v: %v", more, n, events[n-1], err)
				}
				want := []string{"1,2,3,4", "1,2,3,4,5"}
				if n < acknowledged {
					want = append(want, "1,2", "1,2,3")
				}
				if !slices.Contains(want, ids) {
					t.Fatalf("%s: cut behind event %d of %d, %v: found %s", more, n, acknowledged, events[n-1], ids)
				}
			}
		}
	}
}

// TestTheNameOfAFoundLogIsMadeDurable: the process that made the log was killed
// before its first sync.
func TestTheNameOfAFoundLogIsMadeDurable(t *testing.T) {
	for _, content := range [][]byte{nil, []byte("torn")} {
		dir := mustDir(t)
		path := filepath.Join(dir, "v.db")
		db := openDB(t, hastyVFS(t, 4096), path, "")
		run(t, db, "create table c(v)")
		db.Close()
		if err := os.WriteFile(path+logSuffix, content, fileMode); err != nil {
			t.Fatal(err)
		}
		rec := &recorder{}
		db = openDB(t, vfsOn(t, 4096, rec), path, "")
		db.SetMaxOpenConns(1)
		for range 2 {
			run(t, db, "insert into c values(1)")
		}
		folder := func(e event) bool { return e.op == "sync-folder" }
		if n := len(slices.DeleteFunc(slices.Clone(rec.events), func(e event) bool { return !folder(e) })); n != 1 {
			t.Errorf("%q: the folder was synced %d times: %v", content, n, fmt.Sprint(rec.events))
		}
		db.Close()
	}
}
