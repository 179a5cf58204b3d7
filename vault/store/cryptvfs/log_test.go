package cryptvfs

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAProofThatCannotBeReadIsAnError: the frame behind a torn one may prove that
// it was durable; where the disk does not give it, the log must not end there.
func TestAProofThatCannotBeReadIsAnError(t *testing.T) {
	h := frameHandle(t, 4096)
	l := h.content.(*log)
	head, page := make([]byte, frameHeaderSize), make([]byte, 4096)
	head[7], head[frameSalts] = 1, 1 // ends a transaction, of this generation
	for frame := range int64(3) {
		off := headerSize + frame*(frameHeaderSize+4096)
		if h.write(head, off) != 0 || h.write(page, off+frameHeaderSize) != 0 || h.sync() != 0 {
			t.Fatal(h.vfs.LastError())
		}
	}
	if ok, err := l.proves(0); !ok || err != nil {
		t.Fatalf("the third frame proves the first: %v, %v", ok, err)
	}
	if ok, err := l.proves(2); ok || err != nil {
		t.Fatalf("nothing proves the last: %v, %v", ok, err)
	}
	whole := l.os
	defer func() { l.os = whole }()
	var err error
	if l.os, err = os.OpenFile(whole.Name(), os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	if ok, err := l.proves(0); ok || err == nil || IsAuth(err) {
		t.Errorf("a file that cannot be read: %v, %v", ok, err)
	}
	if err := l.os.Close(); err != nil {
		t.Fatal(err)
	}
	if ok, err := l.proves(0); ok || err == nil || IsAuth(err) {
		t.Errorf("a file whose size is unknown: %v, %v", ok, err)
	}
}

// TestATornHeaderOfTheLogIsRefused, also over a log that was moved whole: nothing
// tells it from another key's or an altered one. Both files stay.
func TestATornHeaderOfTheLogIsRefused(t *testing.T) {
	v := hastyVFS(t, 4096)
	dir := mustDir(t)
	path := filepath.Join(dir, "v.db")
	db := openDB(t, v, path, "&_pragma=wal_autocheckpoint(0)")
	db.SetMaxOpenConns(1)
	run(t, db, "create table c(id integer primary key); insert into c values(1); pragma wal_checkpoint(full)")
	before := filesOf(t, dir)
	run(t, db, "insert into c values(2)") // starts the log over
	after := filesOf(t, dir)
	db.Close()
	old, fresh := before["v.db"+logSuffix][:sealedHeaderSize], after["v.db"+logSuffix][:sealedHeaderSize]
	if old == fresh {
		t.Fatal("the log was not started over")
	}
	before["v.db"+logSuffix] = fresh[:32] + before["v.db"+logSuffix][32:]
	dir = folderOf(t, before)
	db = openDB(t, v, filepath.Join(dir, "v.db"), "")
	if _, err := db.Exec("select * from c"); !IsAuth(err) {
		t.Errorf("opened: %v", err)
	}
	db.Close()
	sameFiles(t, dir, before)
}
