package cryptvfs

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// narrow is a disk on which no file gets longer than most.
type narrow struct {
	systemDisk
	most int64
}

func (d *narrow) Write(f *os.File, b []byte, off int64) error {
	if over := off + int64(len(b)) - d.most; over > 0 {
		if fits := int64(len(b)) - over; fits > 0 {
			if err := d.systemDisk.Write(f, b[:fits], off); err != nil {
				return err
			}
		}
		return syscall.ENOSPC
	}
	return d.systemDisk.Write(f, b, off)
}

// sizeOfLog is that of the file, and how much of it was written.
func sizeOfLog(t *testing.T, path string) (size, used int) {
	t.Helper()
	b, err := os.ReadFile(path + logSuffix)
	if err != nil {
		t.Fatal(err)
	}
	return len(b), len(strings.TrimRight(string(b), "\x00"))
}

const unmoved = "&_pragma=wal_autocheckpoint(0)"

func TestSmallTransactionsFindRoomInTheLog(t *testing.T) {
	v := newTestVFS(t, 4096)
	path := filepath.Join(mustDir(t), "v.db")
	db := openDB(t, v, path, unmoved)
	db.SetMaxOpenConns(1)
	run(t, db, "create table c(v int)")
	grown, last := 0, 0
	for range 100 {
		run(t, db, "insert into c values(1)")
		size, used := sizeOfLog(t, path)
		if size < used || size > used+logRoom {
			t.Fatalf("%d bytes, of which %d are used", size, used)
		}
		if size != last {
			grown++
		}
		last = size
	}
	if _, used := sizeOfLog(t, path); grown > used/logRoom+1 {
		t.Errorf("100 transactions of %d bytes made it longer %d times", used, grown)
	}
	// Started over, it is written over as it is.
	run(t, db, "pragma wal_checkpoint(full); insert into c values(1)")
	if size, _ := sizeOfLog(t, path); size != last {
		t.Errorf("%d bytes, not %d", size, last)
	}
	// A large transaction leaves what it needs.
	run(t, db, "pragma wal_checkpoint(truncate)")
	if size, _ := sizeOfLog(t, path); size != 0 {
		t.Errorf("%d bytes are left", size)
	}
	run(t, db, "insert into c select value from "+count(100_000))
	if size, used := sizeOfLog(t, path); size > used+int(sealedHeaderSize) {
		t.Errorf("%d bytes, of which %d are used", size, used)
	}
	run(t, db, "insert into c values(1)") // and the next finds some again
	if size, used := sizeOfLog(t, path); size < used+logRoom/2 {
		t.Errorf("%d bytes, of which %d are used", size, used)
	}
	if n := one(t, db, "select count(*) from c"); n != "100102" {
		t.Error(n, "rows")
	}
}

// folderOf is a new folder with these files.
func folderOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := mustDir(t)
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(b), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestZerosInTheLogAreNoFrames(t *testing.T) {
	v := hastyVFS(t, 4096)
	dir := mustDir(t)
	path := filepath.Join(dir, "v.db")
	db := openDB(t, v, path, unmoved)
	db.SetMaxOpenConns(1)
	run(t, db, "create table c(v int)")
	for range 3 {
		run(t, db, "insert into c values(1)")
	}
	files := filesOf(t, dir)
	db.Close()
	log := files["v.db"+logSuffix]
	used := len(strings.TrimRight(log, "\x00"))
	if len(log) < used+logRoom/2 {
		t.Fatal("no room")
	}
	frame := 4096 + overhead // a sealed one
	for _, c := range []struct {
		name string
		log  string
		want string // rows, or "" for damage
	}{
		{"killed", log, "3"},
		{"zeros cut", log[:used], "3"},
		{"zeros cut within", log[:used+frame/2], "3"},
		{"power cut in the last", log[:used-frame] + strings.Repeat("\x00", frame) + log[used:], "2"},
		{"a durable frame zeroed", log[:used-4*frame] + strings.Repeat("\x00", frame) + log[used-3*frame:], ""},
		{"garbage behind", log[:used] + strings.Repeat("x", len(log)-used), "3"},
		{"frames behind zeros", log[:used] + strings.Repeat("\x00", frame) + log[used-frame:used], "3"},
	} {
		with := maps.Clone(files)
		with["v.db"+logSuffix] = c.log
		dir := folderOf(t, with)
		db := openDB(t, v, filepath.Join(dir, "v.db"), "")
		var n string
		err := db.QueryRow("select count(*) from c").Scan(&n)
		if c.want == "" && !IsAuth(err) || c.want != "" && (err != nil || n != c.want) {
			t.Errorf("%s: %s rows, %v", c.name, n, err)
		}
		db.Close()
	}
}

// Where there is no room for zeros, there may be for frames.
func TestWithoutRoomForZerosNothingIsRefused(t *testing.T) {
	d := &narrow{most: 1 << 40}
	v := vfsOn(t, 4096, d)
	path := filepath.Join(mustDir(t), "v.db")
	db := openDB(t, v, path, unmoved)
	db.SetMaxOpenConns(1)
	run(t, db, "create table c(v int); pragma wal_checkpoint(truncate)")
	d.most = 100_000
	for range 10 {
		run(t, db, "insert into c values(1)")
		if size, used := sizeOfLog(t, path); size != used {
			t.Fatalf("%d bytes, of which %d are used: what is left of a full disk is taken", size, used)
		}
	}
	d.most = 1 << 40
	run(t, db, "insert into c values(1)")
	if size, used := sizeOfLog(t, path); size != used+logRoom {
		t.Errorf("%d bytes, of which %d are used", size, used)
	}
	if n := one(t, db, "select count(*) from c"); n != "11" {
		t.Error(n, "rows")
	}
}

// A log that was found is written over as it is, too.
func TestALogThatIsFoundHasRoom(t *testing.T) {
	first := hastyVFS(t, 4096)
	dir := mustDir(t)
	db := openDB(t, first, filepath.Join(dir, "v.db"), unmoved)
	db.SetMaxOpenConns(1)
	run(t, db, "create table c(v int)")
	run(t, db, "insert into c select value from "+count(50_000))
	files := filesOf(t, dir)
	v := hastyVFS(t, 4096)
	dir = folderOf(t, files)
	path := filepath.Join(dir, "v.db")
	db = openDB(t, v, path, unmoved)
	db.SetMaxOpenConns(1)
	run(t, db, "pragma wal_checkpoint(full); insert into c values(1)")
	b, err := os.ReadFile(path + logSuffix)
	if err != nil {
		t.Fatal(err)
	}
	was := files["v.db"+logSuffix]
	if len(b) != len(was) || string(b[:4096]) == was[:4096] || string(b[len(b)/2:]) != was[len(was)/2:] {
		t.Error("more was written than a transaction")
	}
}

// A log that is deleted and made again is a new file.
func TestALogThatIsMadeAgainGetsRoomAgain(t *testing.T) {
	v := newTestVFS(t, 4096)
	path := filepath.Join(mustDir(t), "v.db")
	handlesOn(t, v, path, 1) // somebody who read nothing yet
	for i := range 3 {
		db := openDB(t, v, path, unmoved)
		db.SetMaxOpenConns(1)
		run(t, db, "create table if not exists c(v int)")
		run(t, db, "insert into c values(1)")
		if size, used := sizeOfLog(t, path); size < used+logRoom/2 {
			t.Errorf("time %d: %d bytes, of which %d are used", i, size, used)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path + logSuffix); !os.IsNotExist(err) {
			t.Fatal("the log is still there", err)
		}
	}
}
