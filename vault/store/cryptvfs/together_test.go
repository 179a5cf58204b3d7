package cryptvfs

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// handlesOn opens a database several times without SQLite.
func handlesOn(t *testing.T, v *VFS, path string, n int) (all []*handle) {
	t.Helper()
	for range n {
		h, code := v.open(path, openMain)
		if code != 0 {
			t.Fatal(code, v.LastError())
		}
		tls := libc.NewTLS()
		t.Cleanup(func() { h.close(tls); tls.Close() })
		all = append(all, h)
	}
	return all
}

func TestPagesThatFollowEachOtherAreWrittenTogether(t *testing.T) {
	r := &recorder{}
	v := vfsOn(t, 4096, r)
	h := handlesOn(t, v, filepath.Join(mustDir(t), "v.db"), 1)[0]
	r.events = nil
	for n := range int64(70) {
		mustWrite(t, h, n, 1, uint64(n))
	}
	mustWrite(t, h, 90, 1, 90)
	mustWrite(t, h, 80, 1, 80)
	if h.sync() != 0 {
		t.Fatal(v.LastError())
	}
	var got [][2]int64
	for i, e := range r.events {
		if e.op == "write" {
			got = append(got, [2]int64{e.off / 4096, int64(len(e.data)) / 4096})
		} else if e.op != "sync" || i != len(r.events)-1 {
			t.Error(e.op)
		}
	}
	want := [][2]int64{{0, 32}, {32, 32}, {64, 6}, {90, 1}, {80, 1}}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Error(got)
		}
	}
}

// Whatever is written, cut, synced and read by whichever handle, on a disk that refuses
// writes now and then: a page is what was written last, as if nothing were held.
func TestWhatIsHeldIsReadByAll(t *testing.T) {
	for seed := range uint64(slow(8, 300)) {
		r := rand.New(rand.NewPCG(seed, 9))
		d := &brokenDisk{op: "write", suffix: "v.db"}
		v := vfsOn(t, 4096, d)
		path := filepath.Join(mustDir(t), "v.db")
		handles := handlesOn(t, v, path, 3)
		model := []uint64{0}
		mustWrite(t, handles[0], 0, 1, 0)
		at, refused := int64(0), 0
		for i := range 3000 {
			h := handles[r.IntN(len(handles))]
			d.err = nil
			if r.IntN(4) == 0 {
				d.err = syscall.ENOSPC
			}
			code := int32(0)
			switch r.IntN(20) {
			case 0:
				size := int64(1 + r.IntN(len(model)))
				if code = h.truncate(size * 4096); code == 0 {
					model = model[:size]
				}
			case 1:
				code = h.sync()
			case 2:
				if n, code := h.size(); code != 0 || n != int64(len(model))*4096 {
					t.Fatalf("seed %d, step %d: %d bytes for %d pages", seed, i, n, len(model))
				}
			case 3:
				at = int64(r.IntN(len(model)))
			case 4, 5, 6, 7, 8:
				n := int64(r.IntN(len(model)))
				if got := mustRead(t, h, n); got != model[n] {
					t.Fatalf("seed %d, step %d: page %d is of step %d, not %d", seed, i, n, got, model[n])
				}
			default: // in order, as a checkpoint does
				at = min(at+1, int64(len(model)))
				b := make([]byte, 4096)
				binary.BigEndian.PutUint64(b[8:], uint64(i))
				if code = h.write(b, at*4096); code == 0 {
					if at == int64(len(model)) {
						model = append(model, 0)
					}
					model[at] = uint64(i)
				}
			}
			if code != 0 {
				refused++
				if d.err == nil || code != sqlite3.SQLITE_FULL {
					t.Fatalf("seed %d, step %d: code %d, %v", seed, i, code, v.LastError())
				}
			}
		}
		d.err = nil
		if refused == 0 {
			t.Errorf("seed %d: the disk never refused", seed)
		}
		if code := handles[0].sync(); code != 0 {
			t.Fatal(code, v.LastError())
		}
		other := handlesOn(t, newTestVFS(t, 4096), path, 1)[0]
		for n := range model {
			if got := mustRead(t, other, int64(n)); got != model[n] {
				t.Fatalf("seed %d: in the file page %d is of step %d, not %d", seed, n, got, model[n])
			}
		}
	}
}

// A checkpoint that moves a part of the log does not sync, and says that it is done even
// when the disk had no room for what it moved: nothing of it may be missed by anyone then,
// nor after the log was started over.
func TestACheckpointThatCouldNotWriteLosesNothing(t *testing.T) {
	for _, room := range []bool{true, false} {
		d := &brokenDisk{op: "write", suffix: "v.db"}
		v := vfsOn(t, 4096, d)
		path := filepath.Join(t.TempDir(), "v.db")
		db := openDB(t, v, path, "&_pragma=wal_autocheckpoint(0)&_pragma=cache_size(5)")
		ctx := context.Background()
		conn := func() *sql.Conn {
			c, err := db.Conn(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		do := func(c *sql.Conn, q string, args ...any) {
			t.Helper()
			if _, err := c.ExecContext(ctx, q, args...); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
		}
		sum := func(c *sql.Conn) (n int) {
			t.Helper()
			if err := c.QueryRowContext(ctx, "select sum(v) from c").Scan(&n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		w, r := conn(), conn()
		do(w, "create table c(id integer primary key, v, b)")
		do(w, "insert into c select value, 1, zeroblob(1000) from "+count(60))
		do(w, "pragma wal_checkpoint(truncate)")
		do(w, "update c set v=2")
		do(r, "begin")
		if n := sum(r); n != 120 {
			t.Fatal(n)
		}
		do(w, "update c set v=3 where id=0")
		if !room {
			d.err = syscall.ENOSPC
		}
		var busy, frames, moved int
		err := w.QueryRowContext(ctx, "pragma wal_checkpoint(passive)").Scan(&busy, &frames, &moved)
		if err != nil || moved == 0 || moved >= frames {
			t.Fatalf("moved %d of %d: %v", moved, frames, err)
		}
		if held := v.nodes[mustReal(t, path)].main.together.span.Load() != 0; held == room {
			t.Errorf("room %v: afterwards pages are held: %v", room, held)
		}
		late := conn()
		if n := sum(late); n != 121 {
			t.Errorf("room %v: a new connection sums %d", room, n)
		}
		if n := sum(r); n != 120 {
			t.Errorf("room %v: the reader sums %d", room, n)
		}
		do(r, "rollback")
		if !room {
			if err := w.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &moved); codeOf(err) != sqlite3.SQLITE_FULL {
				t.Errorf("a checkpoint without room: %v", err)
			}
		}
		d.err = nil
		do(w, "pragma wal_checkpoint(truncate)")
		for _, c := range []*sql.Conn{w, r, late} {
			c.Close()
		}
		db.Close()
		again := openDB(t, newTestVFS(t, 4096), path, "")
		if s := one(t, again, "select sum(v) from c"); s != "121" {
			t.Errorf("room %v: opened again it sums %s", room, s)
		}
		if s := one(t, again, "pragma integrity_check"); s != "ok" {
			t.Error(s)
		}
		again.Close()
	}
}

func mustReal(t *testing.T, path string) string {
	t.Helper()
	real, err := fullPath(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// What is held is sealed: it must not be a second place of what SQLite keeps.
func TestWhatIsHeldIsSealed(t *testing.T) {
	h := pageHandle(t, 4096)
	b := make([]byte, 4096)
	copy(b, bytes.Repeat([]byte(canary), 200))
	if h.write(b, 0) != 0 {
		t.Fatal(h.vfs.LastError())
	}
	if held := h.node.main.together.pages; len(held) != 4096 || bytes.Contains(held, []byte(canary)) {
		t.Errorf("%d bytes are held", len(held))
	}
}
