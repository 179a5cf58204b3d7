package cryptvfs

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// snapshot is what lies on disk of a database that is in use: pages that a
// checkpoint wrote, a log with several durable transactions, the last of which
// wrote the frames from lastFrame on, and behind them frames of the generation before.
type snapshot struct {
	db, log   []byte
	size      int
	lastFrame int
	frames    int // of the present generation
}

const total = "select group_concat(v, ',') from (select v from c order by id)"

func takeSnapshot(t *testing.T, size int) snapshot {
	t.Helper()
	path := filepath.Join(t.TempDir(), "v.db")
	v := hastyVFS(t, size)
	db := openDB(t, v, path, "&_pragma=wal_autocheckpoint(0)")
	db.SetMaxOpenConns(1)
	read := func(suffix string) []byte {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	run(t, db, "create table c(id integer primary key, v int); insert into c values(1,0)")
	run(t, db, "create table t(id integer primary key, b blob); create table big(b); create virtual table f using fts5(x, content='', contentless_delete=1, detail=none)")
	run(t, db, "insert into t select value, zeroblob(900) from "+count(100))
	run(t, db, "insert into big values(zeroblob(30000))") // overflow pages: zeros would pass as content
	for range 4 {                                         // more frames than the next generation will have
		run(t, db, "update t set b=zeroblob(899)")
	}
	run(t, db, "pragma wal_checkpoint(restart)")
	var marks []int
	v.mu.Lock()
	state := &v.nodes[mustPath(t, path)].log
	v.mu.Unlock()
	for i := range 6 {
		run(t, db, "begin; update t set b=zeroblob(901) where id%17="+fmt.Sprint(i)+"; insert into c values(null,1); commit")
		marks = append(marks, int(state.mark().committed))
	}
	s := snapshot{db: read(""), log: read(logSuffix), size: size, lastFrame: marks[4], frames: marks[5]}
	if have := (len(s.log) - sealedHeaderSize) / s.frameSize(); have <= s.frames || s.lastFrame < 5 {
		t.Fatalf("%d frames in the log, %d of this generation, the last transaction from %d", have, s.frames, s.lastFrame)
	}
	db.Close()
	return s
}

func mustPath(t *testing.T, path string) string {
	t.Helper()
	p, err := fullPath(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (s snapshot) frameSize() int { return s.size + markSize + frameHeaderSize }
func (s snapshot) frame(k int) []byte {
	return s.log[sealedHeaderSize+k*s.frameSize():][:s.frameSize()]
}
func (s snapshot) page(n int) []byte { return s.db[n*s.size:][:s.size] }

// untouched is outcome for what must not even be written to: a log that cannot be
// read must be there afterwards, since SQLite deletes one it thinks empty.
func untouched(t *testing.T, v *VFS, db, log []byte) (state string, err error) {
	t.Helper()
	dir := t.TempDir()
	state, err = outcomeIn(t, v, dir, db, log)
	for suffix, b := range map[string][]byte{"": db, logSuffix: log} {
		now, readErr := os.ReadFile(filepath.Join(dir, "v.db"+suffix))
		if b != nil && (readErr != nil || !bytes.Equal(now, b)) {
			t.Errorf("after %v: %q was changed (%v)", err, "v.db"+suffix, readErr)
		}
	}
	return state, err
}

// outcome opens copies of the files and reads everything: the state that was
// found, or the error.
func outcome(t *testing.T, v *VFS, db, log []byte) (state string, err error) {
	t.Helper()
	return outcomeIn(t, v, t.TempDir(), db, log)
}

func outcomeIn(t *testing.T, v *VFS, dir string, db, log []byte) (state string, err error) {
	t.Helper()
	path := filepath.Join(dir, "v.db")
	for suffix, b := range map[string][]byte{"": db, logSuffix: log} {
		if b == nil {
			continue
		}
		if err := os.WriteFile(path+suffix, b, fileMode); err != nil {
			t.Fatal(err)
		}
	}
	conn, err := sql.Open("sqlite", dsn(v, path, "&mode=rw"))
	if err != nil {
		t.Fatal(err)
	}
	conn.SetMaxOpenConns(1)
	defer conn.Close()
	var sums, sound string
	for q, to := range map[string]*string{
		"select group_concat(n) from (select sum(length(b)) as n from t union all select sum(length(b)) from big)": &sums,
		"pragma integrity_check": &sound, total: &state,
	} {
		if err := conn.QueryRow(q).Scan(to); err != nil {
			return "", err
		}
	}
	if sound != "ok" {
		return "", fmt.Errorf("%w: %s", ErrAuth, sound)
	}
	return state, nil
}

const (
	allState  = "0,1,1,1,1,1,1"
	lastState = "0,1,1,1,1,1" // without the last transaction
)

func TestEachFlippedBitIsNoticedOrHarmless(t *testing.T) {
	forBothPageSizes(t, func(t *testing.T, size int) {
		s := takeSnapshot(t, size)
		v := hastyVFS(t, size)
		if state, err := outcome(t, v, s.db, s.log); err != nil || state != allState {
			t.Fatal(state, err)
		}
		flip := func(b []byte, at int) []byte {
			c := bytes.Clone(b)
			c[at] ^= 1 << (at % 8)
			return c
		}
		regions := func(length int) map[string]int {
			return map[string]int{"nonce": 0, "nonce end": nonceSize - 1, "body": nonceSize, "body middle": length / 2,
				"tag": length - keyIDSize - tagSize, "tag end": length - keyIDSize - 1, "key id": length - keyIDSize, "key id end": length - 1}
		}
		// Pages: those whose newest content is in the log are replaced by it; the
		// others must be noticed. No flip may change what is read.
		noticed := 0
		for n := range len(s.db) / size {
			for name, at := range regions(size) {
				if n > 6 && n%7 != len(name)%7 {
					continue
				}
				state, err := outcome(t, v, flip(s.db, n*size+at), s.log)
				if err == nil && state != allState || err != nil && !IsAuth(err) {
					t.Errorf("page %d, %s: %q, %v", n, name, state, err)
				}
				if err != nil {
					noticed++
				}
			}
		}
		if noticed < 10 {
			t.Errorf("only %d flips in pages were noticed", noticed)
		}
		for at := range sealedHeaderSize {
			if state, err := untouched(t, v, s.db, flip(s.log, at)); !IsAuth(err) {
				t.Errorf("log header byte %d: %q, %v", at, state, err)
			}
		}
		for k := range s.frames {
			for name, at := range regions(s.frameSize()) {
				if k > 2 && k < s.lastFrame-2 && k%5 != len(name)%5 {
					continue
				}
				check := untouched
				if k >= s.lastFrame {
					check = outcome
				}
				state, err := check(t, v, s.db, flip(s.log, sealedHeaderSize+k*s.frameSize()+at))
				switch {
				case k < s.lastFrame && (!IsAuth(err) || !errors.Is(v.LastError(), ErrLogDamaged)):
					t.Errorf("frame %d, %s: %q, %v", k, name, state, err)
				case k >= s.lastFrame && (err != nil || state != lastState):
					// Only what comes later proves that a frame was durable.
					t.Errorf("frame %d of the last transaction, %s: %q, %v", k, name, state, err)
				}
			}
		}
		if state, err := outcome(t, v, s.db, flip(s.log, len(s.log)-100)); err != nil || state != allState {
			t.Errorf("behind the end of the log: %q, %v", state, err)
		}
	})
}

func TestWhatWasMovedIsNoticed(t *testing.T) {
	s := takeSnapshot(t, 4096)
	v := hastyVFS(t, 4096)
	edit := func(f func(c snapshot)) (string, error) {
		c := s
		c.db, c.log = bytes.Clone(s.db), bytes.Clone(s.log)
		f(c)
		return outcome(t, v, c.db, c.log)
	}
	swap := func(a, b []byte) {
		x := bytes.Clone(a)
		copy(a, b)
		copy(b, x)
	}
	last := len(s.db)/s.size - 1 // an overflow page of big: never in the log again
	for name, f := range map[string]func(c snapshot){
		"two pages swapped":                      func(c snapshot) { swap(c.page(last), c.page(last-1)) },
		"one page over another":                  func(c snapshot) { copy(c.page(last), c.page(last-1)) },
		"a page of zeros":                        func(c snapshot) { clear(c.page(last)) },
		"two frames swapped":                     func(c snapshot) { swap(c.frame(1), c.frame(2)) },
		"a frame of the generation before":       func(c snapshot) { copy(c.frame(1), c.frame(c.frames+1)) },
		"a frame of zeros":                       func(c snapshot) { clear(c.frame(0)) },
		"a log header of zeros":                  func(c snapshot) { clear(c.log[:sealedHeaderSize]) },
		"a page as the frame of the same number": func(c snapshot) { copy(c.frame(3), c.page(3)) },
	} {
		if state, err := edit(f); !IsAuth(err) {
			t.Errorf("%s: %q, %v", name, state, err)
		}
	}
}

// TestAnOldStateThatFitsIsNotNoticed writes down what this package cannot see
// and leaves to the caller's anchor and chain of entries; see FORMAT.md.
func TestAnOldStateThatFitsIsNotNoticed(t *testing.T) {
	s := takeSnapshot(t, 4096)
	v := hastyVFS(t, 4096)
	if state, err := outcome(t, v, s.db, nil); err != nil || state != "0" {
		t.Errorf("the log removed: %q, %v", state, err)
	}
	cut := sealedHeaderSize + s.lastFrame*s.frameSize()
	if state, err := outcome(t, v, s.db, s.log[:cut]); err != nil || state != lastState {
		t.Errorf("the log cut behind a transaction: %q, %v", state, err)
	}
	if state, err := outcome(t, v, s.db, s.log[:cut+s.frameSize()/2]); err != nil || state != lastState {
		t.Errorf("the log cut within the last transaction: %q, %v", state, err)
	}

	// A page of an older version of the file, in its own place.
	path := filepath.Join(t.TempDir(), "v.db")
	db := openDB(t, v, path, "")
	run(t, db, "create table c(id integer primary key, v int); insert into c values(1,0); pragma wal_checkpoint(truncate)")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	run(t, db, "update c set v=1")
	db.Close()
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(now[4096:], old[4096:])
	if err := os.WriteFile(path, now, fileMode); err != nil {
		t.Fatal(err)
	}
	if got := one(t, openDB(t, v, path, ""), total); got != "0" {
		t.Error(got)
	}
}

func TestAnotherKeyVaultOrPageSizeOpensNothing(t *testing.T) {
	s := takeSnapshot(t, 4096)
	otherKey := bytes.Repeat([]byte{8}, 32)
	for name, o := range map[string]Options{
		"another key":       {Key: otherKey, VaultID: testVault},
		"another vault":     {Key: testKey, VaultID: [32]byte{9}},
		"another page size": {Key: testKey, VaultID: testVault, PageSize: 8192},
	} {
		v, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for kind, log := range map[string][]byte{"with a log": s.log, "without": nil} {
			before := v.Stats().AuthFailures
			if state, err := untouched(t, v, s.db, log); !IsAuth(err) || !errors.Is(v.LastError(), ErrAuth) {
				t.Errorf("%s %s: %q, %v, %v", name, kind, state, err, v.LastError())
			}
			if v.Stats().AuthFailures == before {
				t.Errorf("%s %s: not counted", name, kind)
			}
		}
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileCutShortIsNoticed(t *testing.T) {
	s := takeSnapshot(t, 4096)
	v := hastyVFS(t, 4096)
	pages := len(s.db) / s.size
	for _, log := range [][]byte{s.log, nil} {
		for _, length := range []int{1, 100, s.size - 1, s.size, 2 * s.size, (pages - 1) * s.size, len(s.db) - 1} {
			if state, err := outcome(t, v, s.db[:length], log); !IsAuth(err) {
				t.Errorf("%d of %d bytes, log %v: %q, %v", length, len(s.db), log != nil, state, err)
			}
		}
		if state, err := outcome(t, v, []byte{}, log); err == nil || !errors.Is(v.LastError(), ErrEmpty) {
			t.Errorf("no bytes, log %v: %q, %v", log != nil, state, err)
		}
	}
}

// TestTheLogIsAuthenticatedWhileInUse changes the log under an open database.
func TestTheLogIsAuthenticatedWhileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.db")
	v := hastyVFS(t, 4096)
	db := openDB(t, v, path, "&_pragma=wal_autocheckpoint(0)")
	run(t, db, "create table big(b); insert into big values(zeroblob(30000)); pragma wal_checkpoint(restart)")
	before, err := os.ReadFile(path + logSuffix)
	if err != nil {
		t.Fatal(err)
	}
	run(t, db, "update big set b=cast(printf('%30000s','y') as blob)")
	frame := 4096 + markSize + frameHeaderSize
	now, err := os.ReadFile(path + logSuffix)
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range map[string]func(b []byte){
		"a bit":                            func(b []byte) { b[sealedHeaderSize+3*frame+100] ^= 1 },
		"a frame of the generation before": func(b []byte) { copy(b[sealedHeaderSize+3*frame:][:frame], before[sealedHeaderSize+3*frame:]) },
		"cut short":                        nil,
	} {
		b := bytes.Clone(now)
		if f != nil {
			f(b)
		} else {
			b = b[:sealedHeaderSize+3*frame+1]
		}
		if err := os.WriteFile(path+logSuffix, b, fileMode); err != nil {
			t.Fatal(err)
		}
		fresh := openDB(t, v, path, "")
		var s string
		err := fresh.QueryRow("select hex(b) from big").Scan(&s)
		if !IsAuth(err) {
			t.Errorf("%s: %v", name, err)
		}
		fresh.Close()
	}
	if err := os.WriteFile(path+logSuffix, now, fileMode); err != nil {
		t.Fatal(err)
	}
	if s := one(t, openDB(t, v, path, ""), "select length(b) from big"); s != "30000" {
		t.Error(s)
	}
}

func TestErrorsNameNoPath(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Jane Doe")
	v := hastyVFS(t, 4096)
	db := openDB(t, v, filepath.Join(dir, "v.db"), "")
	if _, err := db.Exec("select 1 from sqlite_schema"); err == nil || strings.Contains(err.Error(), "Jane") {
		t.Error(err)
	}
	if err := v.LastError(); err == nil || strings.Contains(err.Error(), "Jane") || !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
