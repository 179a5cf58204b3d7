package local

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"phivault/vault"
	"phivault/vault/store"
)

func TestDamagedBackupIsRecognised(t *testing.T) {
	w := newWorld(t)
	path := w.backedUp(1)
	good := readFile(t, path)
	h, err := parseBackup(good[:backupHeader])
	if err != nil {
		t.Fatal(err)
	}
	w.o.Scratch = t.TempDir()
	try := func(what string, b []byte, allowed ...error) {
		t.Helper()
		writeFile(t, path, b)
		to := filepath.Join(w.o.Scratch, "restored")
		_, err := Restore(ctx, path, to, phrase(t, pass), w.o)
		if !slices.ContainsFunc(allowed, func(e error) bool { return errors.Is(err, e) }) {
			t.Errorf("%s: %v", what, err)
		}
		if got := files(t, w.o.Scratch); len(got) != 0 {
			t.Fatalf("%s: left %v", what, got)
		}
	}
	any := []error{vault.ErrIntegrity, ErrNotBackup, store.ErrNewer}
	for i := range backupHeader {
		try("header", flipped(good, i), any...)
	}
	keyEnd := backupHeader + int(h.key.size)
	for i := backupHeader; i < keyEnd; i += 37 {
		try("key file", flipped(good, i), vault.ErrIntegrity)
	}
	for i := keyEnd; i < len(good); i += len(good) / 40 {
		try("database", flipped(good, i), vault.ErrIntegrity)
	}
	try("last byte", flipped(good, len(good)-1), vault.ErrIntegrity)
	for _, n := range []int{0, 1, 11, 12, backupHeader - 1, backupHeader, keyEnd - 1, keyEnd, keyEnd + 4096, len(good) - 1} {
		try("cut", good[:n], vault.ErrIntegrity, ErrNotBackup)
	}
	try("longer", append(slices.Clone(good), 0), vault.ErrIntegrity)
	try("nothing but zeros", make([]byte, len(good)), ErrNotBackup)
	newer := slices.Clone(good)
	newer[9] = 2
	try("newer", newer, store.ErrNewer)

	// Someone who knows the format fits the hashes to another vault's files.
	x := newWorld(t)
	foreign := readFile(t, x.backedUp(1))
	hx, err := parseBackup(foreign[:backupHeader])
	if err != nil {
		t.Fatal(err)
	}
	mixed := h
	mixed.db = hx.db
	b := append(mixed.signed(), good[backupSigned:keyEnd]...)
	try("another vault's database", append(b, foreign[len(foreign)-int(hx.db.size):]...), vault.ErrIntegrity)
	mixed = h
	mixed.key = hx.key
	b = append(mixed.signed(), good[backupSigned:backupHeader]...)
	b = append(b, foreign[backupHeader:backupHeader+int(hx.key.size)]...)
	try("another vault's key file", append(b, good[keyEnd:]...), vault.ErrIntegrity)
	// An older database of the same vault under the newer header's hashes.
	mixed = h
	db := flipped(good[keyEnd:], 5000)
	mixed.db.sum = sha256.Sum256(db)
	b = append(mixed.signed(), good[backupSigned:keyEnd]...)
	try("an altered database with its hash", append(b, db...), vault.ErrIntegrity)

	writeFile(t, path, good)
	if _, err := Drill(ctx, path, phrase(t, pass), w.o); err != nil {
		t.Error(err)
	}
}

func FuzzParseBackup(f *testing.F) {
	h := backupHead{created: 1, key: part{size: 300}, db: part{size: 8192}}
	f.Add(append(h.signed(), make([]byte, 32)...))
	f.Add([]byte(backupMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseBackup(b)
		if err == nil && !bytes.Equal(h.signed(), b[:backupSigned]) {
			t.Fatal("not the bytes that were read")
		}
	})
}
