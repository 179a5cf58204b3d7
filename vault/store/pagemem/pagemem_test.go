package pagemem

import (
	"bytes"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"modernc.org/libc"
	_ "modernc.org/sqlite"
)

// used begins SQLite with the pages here, or says why the test cannot be.
func used(t *testing.T) *libc.TLS {
	t.Helper()
	if !Use() {
		if b := reserve(1 << 16); b == nil {
			t.Skip("this system has no range to reserve")
		}
		t.Fatal("SQLite was begun without it")
	}
	tls := libc.NewTLS()
	t.Cleanup(tls.Close)
	return tls
}

func TestTheCachesOfADatabaseAreHere(t *testing.T) {
	used(t)
	before := pages.inUse()
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(filepath.Join(t.TempDir(), "a.db")))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"PRAGMA page_size=4096", "PRAGMA cache_size=-16384", "CREATE TABLE t(b)",
		"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<4000) SELECT randomblob(1000) FROM n"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	var length, pagesOf int
	if err := db.QueryRow("SELECT sum(length(b)) FROM t").Scan(&length); err != nil || length != 4000*1000 {
		t.Fatal(length, err)
	}
	if err := db.QueryRow("PRAGMA page_count").Scan(&pagesOf); err != nil {
		t.Fatal(err)
	}
	if n := pages.inUse() - before; n < pagesOf*9/10 {
		t.Errorf("%d slots are in use for %d pages", n, pagesOf)
	}
	var check string
	if err := db.QueryRow("PRAGMA integrity_check").Scan(&check); err != nil || check != "ok" {
		t.Error(check, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if n := pages.inUse(); n != before {
		t.Errorf("%d slots stay in use after closing", n-before)
	}
}

// Whatever is asked for, by several at once: no two have the same memory, and what is
// written there stays.
func TestMemoryIsItsOwnersAlone(t *testing.T) {
	used(t)
	before := pages.inUse()
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			tls := libc.NewTLS()
			defer tls.Close()
			r := rand.New(rand.NewPCG(uint64(g), 7))
			sizes := []int32{1, 100, least - 1, least, 4368, slot, slot + 1, 9000}
			type block struct {
				p uintptr
				n int32
				b byte
			}
			var all []block
			for i := range 20_000 {
				switch k := r.IntN(4); {
				case k < 2 || len(all) == 0:
					n := sizes[r.IntN(len(sizes))]
					x := block{xMalloc(tls, n), n, byte(i)}
					if got := xSize(tls, x.p); got < n {
						panic(fmt.Sprintf("%d bytes for %d", got, n))
					}
					fill(x.p, x.n, x.b)
					all = append(all, x)
				default:
					j := r.IntN(len(all))
					x := all[j]
					check(x.p, x.n, x.b)
					if k == 2 {
						xFree(tls, x.p)
						all[j] = all[len(all)-1]
						all = all[:len(all)-1]
						continue
					}
					n := sizes[r.IntN(len(sizes))]
					p := xRealloc(tls, x.p, n)
					check(p, min(n, x.n), x.b)
					fill(p, n, x.b)
					all[j] = block{p, n, x.b}
				}
			}
			for _, x := range all {
				check(x.p, x.n, x.b)
				xFree(tls, x.p)
			}
		})
	}
	wg.Wait()
	if n := pages.inUse(); n != before {
		t.Errorf("%d slots stay in use", n-before)
	}
}

func fill(p uintptr, n int32, b byte) {
	m := bytesAt(p, n)
	for i := range m {
		m[i] = b
	}
}

func check(p uintptr, n int32, b byte) {
	if m := bytesAt(p, n); bytes.Count(m, []byte{b}) != len(m) {
		panic("somebody else wrote there")
	}
}

// A chunk ends where a page of the system does, whatever its size: what is given back
// must be nobody else's.
func TestChunksAreWholePages(t *testing.T) {
	for _, page := range []int{4 << 10, 16 << 10, 64 << 10} {
		a := newArena(page)
		if a == nil {
			t.Skip("this system has no range to reserve")
		}
		if a.chunk*slot%page != 0 || len(a.used) == 0 || len(a.memory) != len(a.used)*a.chunk*slot {
			t.Errorf("pages of %d: %d slots in a chunk, %d chunks, %d bytes", page, a.chunk, len(a.used), len(a.memory))
		}
		release(a.memory)
	}
}

// What nobody uses is the system's again, which on Linux means that it is gone.
func TestMemoryGoesBack(t *testing.T) {
	a := newArena(os.Getpagesize())
	if a == nil || runtime.GOOS != "linux" {
		t.Skip("only Linux says when it takes memory back")
	}
	defer release(a.memory)
	var all []uintptr
	for range a.chunk + 1 {
		all = append(all, a.take())
		fill(all[len(all)-1], slot, 7)
	}
	for i, p := range all[:a.chunk] {
		a.give(p)
		if gone := bytesAt(all[0], slot)[slot-1] == 0; gone != (i == a.chunk-1) {
			t.Fatalf("after %d of %d the first's memory is gone: %v", i+1, a.chunk, gone)
		}
	}
	check(all[a.chunk], slot, 7) // the next chunk's
}

// What is full says so, and what was given back is had again.
func TestAnArenaEnds(t *testing.T) {
	a := newArena(os.Getpagesize())
	if a == nil {
		t.Skip("this system has no range to reserve")
	}
	defer release(a.memory)
	seen := map[uintptr]bool{}
	for p := a.take(); p != 0; p = a.take() {
		if seen[p] || !a.holds(p) || !a.holds(p+slot-1) {
			t.Fatal("a slot was given twice or lies outside")
		}
		seen[p] = true
	}
	if len(seen) != len(a.used)*a.chunk {
		t.Errorf("%d slots", len(seen))
	}
	for p := range seen {
		a.give(p)
	}
	if p := a.take(); p == 0 || !seen[p] || a.inUse() != 1 {
		t.Error("what was given back is not had again")
	}
}
