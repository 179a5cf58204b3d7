package cryptvfs

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"modernc.org/libc"
)

// TestHotPathsDoNotAllocate: a page read and written, a frame written and read.
func TestHotPathsDoNotAllocate(t *testing.T) {
	for _, h := range []*handle{pageHandle(t, 4096), frameHandle(t, 4096)} {
		buf, head := make([]byte, 4096), make([]byte, frameHeaderSize)
		_, isLog := h.content.(*log)
		if n := testing.AllocsPerRun(200, func() {
			at := int64(0)
			if isLog {
				at = headerSize + frameHeaderSize
				if h.write(head, headerSize) != 0 {
					t.Fatal(h.vfs.LastError())
				}
			}
			if h.write(buf, at) != 0 || h.read(buf, at) != 0 {
				t.Fatal(h.vfs.LastError())
			}
		}); n != 0 {
			t.Errorf("%T: %v allocations", h.content, n)
		}
	}
}

// pageHandle opens a database without SQLite.
func pageHandle(t testing.TB, size int) *handle {
	v := hastyVFS(t, size)
	h, code := v.open(filepath.Join(mustDir(t), "v.db"), openMain)
	if code != 0 {
		t.Fatal(code, v.LastError())
	}
	tls := libc.NewTLS()
	t.Cleanup(func() { h.close(tls); tls.Close() })
	return h
}

// frameHandle opens a log that was started.
func frameHandle(t testing.TB, size int) *handle {
	main := pageHandle(t, size)
	h, code := main.vfs.open(main.node.path+logSuffix, openWAL)
	if code != 0 {
		t.Fatal(code, main.vfs.LastError())
	}
	header := make([]byte, headerSize)
	header[headerSalts] = 1
	if code := h.write(header, 0); code != 0 {
		t.Fatal(code, main.vfs.LastError())
	}
	tls := libc.NewTLS()
	t.Cleanup(func() { h.close(tls); tls.Close() })
	return h
}

func BenchmarkSealPage(b *testing.B) {
	box, page, out := newBox(testKeyring(b), testVault), make([]byte, 4064), make([]byte, 4096)
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		if err := box.seal(out, page, place{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenPage(b *testing.B) {
	box, page, out := newBox(testKeyring(b), testVault), make([]byte, 4064), make([]byte, 4096)
	if err := box.seal(out, page, place{}); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(4096)
	b.ReportAllocs()
	for b.Loop() {
		if err := box.open(page, out, place{}); err != nil {
			b.Fatal(err)
		}
	}
}

// A side is one of the two databases of a comparison.
type side struct {
	db    *sql.DB
	spent []time.Duration
	r     *rand.Rand
}

// compare runs the same steps on a database of this package and on one of the
// system's VFS, in turns so that the machine's moods hit both, and reports the
// ratio of their median times as "x-plain".
func compare(b *testing.B, size int, more string, prepare, step func(s *side)) {
	dir := b.TempDir()
	v := newTestVFS(b, size)
	sides := [2]*side{}
	for i, vfs := range []*VFS{v, nil} {
		set := more
		if vfs == nil {
			set += fmt.Sprintf("&_pragma=page_size(%d)&_pragma=journal_mode(wal)", size)
		}
		db := openDB(b, vfs, filepath.Join(dir, fmt.Sprint(i, ".db")), set)
		db.SetMaxOpenConns(1)
		sides[i] = &side{db: db, r: rand.New(rand.NewPCG(1, 1))}
		run(b, db, testSchema)
		prepare(sides[i])
		step(sides[i])
	}
	b.ResetTimer()
	for i := range b.N {
		for j := range sides {
			s := sides[(i+j)%2]
			start := time.Now()
			step(s)
			s.spent = append(s.spent, time.Since(start))
		}
	}
	b.StopTimer()
	crypt, plain := sides[0].median(), sides[1].median()
	b.ReportMetric(float64(crypt)/float64(plain), "x-plain")
	b.ReportMetric(float64(crypt.Microseconds()), "µs/crypt")
	b.ReportMetric(float64(plain.Microseconds()), "µs/plain")
	for _, s := range sides {
		s.db.Close()
	}
}

func (s *side) median() time.Duration {
	slices.Sort(s.spent)
	return s.spent[len(s.spent)/2]
}

func text(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + r.IntN(26))
	}
	return string(b)
}

func (s *side) must(err error) {
	if err != nil {
		panic(err)
	}
}

// insert writes n records of about 1 KB with their full text, in one transaction.
func (s *side) insert(n int) {
	tx, err := s.db.Begin()
	s.must(err)
	for range n {
		k := s.r.IntN(1 << 40)
		_, err = tx.Exec("insert or replace into t(id,k,b) values(?,?,?)", k, fmt.Sprint(k), text(s.r, 1000))
		s.must(err)
		_, err = tx.Exec("insert or replace into f(rowid,x) values(?,?)", k, fmt.Sprint("hypertension ", text(s.r, 8), " ", text(s.r, 3), " ", text(s.r, 4)))
		s.must(err)
	}
	s.must(tx.Commit())
}

func (s *side) count(q string, args ...any) {
	var n int
	s.must(s.db.QueryRow(q, args...).Scan(&n))
}

func BenchmarkBesidePlain(b *testing.B) {
	const cached, cold = "&_pragma=cache_size(-32000)", "&_pragma=cache_size(-100)"
	// cold is a cache so small that pages are read again and again.
	fill := func(s *side) {
		// FTS5's own pages must fit into ours beside the reserved bytes, else each
		// one spills into an overflow page.
		_, err := s.db.Exec("insert into f(f,rank) values('pgsz',4000)")
		s.must(err)
		for range 20 {
			s.insert(500)
		}
		_, err = s.db.Exec("insert into f(f) values('optimize'); pragma wal_checkpoint(truncate)")
		s.must(err)
	}
	for _, size := range []int{4096, 8192} {
		for _, c := range []struct {
			name, more    string
			prepare, step func(s *side)
		}{
			{"import", cached + "&_pragma=synchronous(1)&_pragma=wal_autocheckpoint(2000)", func(*side) {}, func(s *side) { s.insert(500) }},
			{"edit", cached, fill, func(s *side) { s.insert(1) }},
			{"get", cached, fill, func(s *side) {
				for range 50 {
					s.count("select count(*) from (select b from t where k>=? order by k limit 1)", fmt.Sprint(s.r.IntN(1<<40)))
				}
			}},
			{"get cold", cold, fill, func(s *side) {
				for range 50 {
					s.count("select count(*) from (select b from t where k>=? order by k limit 1)", fmt.Sprint(s.r.IntN(1<<40)))
				}
			}},
			{"list cold", cold, fill, func(s *side) {
				s.count("select sum(length(b)) from (select b from t where id>? order by id limit 500)", s.r.IntN(1<<39))
			}},
			{"search cold", cold, fill, func(s *side) { s.count("select count(*) from f where f match ?", "hypertension "+text(s.r, 3)) }},
		} {
			b.Run(fmt.Sprint(size, "/", c.name), func(b *testing.B) { compare(b, size, c.more, c.prepare, c.step) })
		}
	}
}

// BenchmarkReadPage reads pages of a file that the system has in its cache, as SQLite
// asks for them, and beside it the bare system call: what lies between is what sealing
// costs.
func BenchmarkReadPage(b *testing.B) {
	const pages = 4096
	h := pageHandle(b, 4096)
	buf := make([]byte, 4096)
	for n := range int64(pages) {
		if h.write(buf, n*4096) != 0 {
			b.Fatal(h.vfs.LastError())
		}
	}
	f := h.content.(*database).os
	for _, order := range []struct {
		name string
		next func(n int64) int64
	}{
		{"in order", func(n int64) int64 { return (n + 1) % pages }},
		{"at random", func(n int64) int64 { return (n*1597 + 51) % pages }},
	} {
		for _, way := range []struct {
			name string
			read func(off int64) bool
		}{
			{"sealed", func(off int64) bool { return h.read(buf, off) == 0 }},
			{"system", func(off int64) bool { _, err := f.ReadAt(buf, off); return err == nil }},
		} {
			b.Run(order.name+"/"+way.name, func(b *testing.B) {
				n := int64(0)
				b.ReportAllocs()
				for b.Loop() {
					if n = order.next(n); !way.read(n * 4096) {
						b.Fatal(h.vfs.LastError())
					}
				}
			})
		}
	}
}

// BenchmarkWritePage overwrites pages in order, as a checkpoint does, and beside it makes a
// system call for each.
func BenchmarkWritePage(b *testing.B) {
	const pages = 4096
	h := pageHandle(b, 4096)
	f := h.content.(*database).os
	buf := make([]byte, 4096)
	for _, way := range []struct {
		name  string
		write func(off int64) bool
	}{
		{"sealed", func(off int64) bool { return h.write(buf, off) == 0 }},
		{"system", func(off int64) bool { _, err := f.WriteAt(buf, off); return err == nil }},
	} {
		b.Run(way.name, func(b *testing.B) {
			n := int64(0)
			b.ReportAllocs()
			for b.Loop() {
				if n = (n + 1) % pages; !way.write(n * 4096) {
					b.Fatal(h.vfs.LastError())
				}
			}
		})
	}
}
