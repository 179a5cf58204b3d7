package local

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"time"

	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
	"phivault/vault"
	"phivault/vault/store"
)

// A backup is a header, a key file and a database's ciphertext in one file; see
// vault/FORMAT.md. Everything in it is sealed or encrypted already, so the header
// only has to bind the two together and to say how long they are.
const (
	backupMagic   = "phvback\x00"
	backupVersion = 1
	backupSuite   = 1 // HKDF-SHA-512, HMAC-SHA-256, SHA-256
	backupHeader  = 168
	backupSigned  = backupHeader - sha256.Size
)

// ErrNotBackup is a file that is no backup of a vault.
var ErrNotBackup = errors.New("the file is not a backup of a vault")

func damagedBackup(what string) error {
	return fmt.Errorf("%w: the backup is damaged: %s", vault.ErrIntegrity, what)
}

// part is one of the two files in a backup.
type part struct {
	size int64
	sum  [32]byte // SHA-256
}

// backupHead is the header's content.
type backupHead struct {
	created int64 // seconds since 1970
	vaultID vault.Hash
	key, db part
}

// encode gives the header with its authentication code under key.
func (h backupHead) encode(key *secret.Bytes) []byte {
	b := h.signed()
	return append(b, sign(key, b)...)
}

func (h backupHead) signed() []byte {
	b := make([]byte, 0, backupHeader)
	b = append(b, backupMagic...)
	b = binary.BigEndian.AppendUint16(b, backupVersion)
	b = binary.BigEndian.AppendUint16(b, backupSuite)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, uint64(h.created))
	b = append(b, h.vaultID[:]...)
	for _, p := range [...]part{h.key, h.db} {
		b = binary.BigEndian.AppendUint64(b, uint64(p.size))
		b = append(b, p.sum[:]...)
	}
	return b
}

func sign(key *secret.Bytes, b []byte) []byte {
	m := hmac.New(sha256.New, key.Bytes())
	m.Write(b)
	return m.Sum(nil)
}

// parseBackup reads a header. Nothing of it is proven yet.
func parseBackup(b []byte) (h backupHead, err error) {
	if len(b) < 12 || string(b[:8]) != backupMagic {
		return h, ErrNotBackup
	}
	if v, s := binary.BigEndian.Uint16(b[8:]), binary.BigEndian.Uint16(b[10:]); v != backupVersion || s != backupSuite {
		return h, fmt.Errorf("%w: the backup has version %d, suite %d", store.ErrNewer, v, s)
	}
	if len(b) < backupHeader {
		return h, damagedBackup("it is cut short")
	}
	h.created = int64(binary.BigEndian.Uint64(b[16:]))
	copy(h.vaultID[:], b[24:])
	for i, p := range [...]*part{&h.key, &h.db} {
		at := 56 + 40*i
		p.size = int64(binary.BigEndian.Uint64(b[at:]))
		copy(p.sum[:], b[at+8:])
	}
	if !bytes.Equal(h.signed(), b[:backupSigned]) || h.key.size <= 0 || h.key.size > keyfile.MaxFile || h.db.size <= 0 || h.db.size > 1<<56 {
		return h, damagedBackup("its header is altered")
	}
	return h, nil
}

// backupFile is a backup open for reading. Its key file has been compared with
// the header, the database not yet.
type backupFile struct {
	f    *os.File
	head backupHead
	mac  []byte
	raw  []byte // what mac is about
	keys []byte // the key file
	info keyfile.Info
}

// openBackup reads header and key file and compares the lengths. The caller
// closes it.
func openBackup(path string) (*backupFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the backup: %w", cause(err))
	}
	b := &backupFile{f: f}
	if err := b.read(); err != nil {
		return nil, first(err, f.Close())
	}
	return b, nil
}

func (b *backupFile) read() error {
	fi, err := b.f.Stat()
	if err != nil {
		return err
	}
	if !fi.Mode().IsRegular() {
		return ErrNotBackup
	}
	head := make([]byte, min(backupHeader, fi.Size()))
	if _, err := io.ReadFull(b.f, head); err != nil {
		return fmt.Errorf("reading the backup: %w", cause(err))
	}
	if b.head, err = parseBackup(head); err != nil {
		return err
	}
	b.raw, b.mac = head[:backupSigned], head[backupSigned:]
	switch want := backupHeader + b.head.key.size + b.head.db.size; {
	case fi.Size() < want:
		return damagedBackup("it is cut short")
	case fi.Size() > want:
		return damagedBackup("something follows its end")
	}
	b.keys = make([]byte, b.head.key.size)
	if _, err := io.ReadFull(b.f, b.keys); err != nil {
		return fmt.Errorf("reading the backup: %w", cause(err))
	}
	if sha256.Sum256(b.keys) != b.head.key.sum {
		return damagedBackup("its key file is altered")
	}
	b.info, err = keyfile.Inspect(b.keys)
	if errors.Is(err, keyfile.ErrFormat) || err == nil && b.info.VaultID != b.head.vaultID {
		return damagedBackup("its key file is another's")
	}
	return err
}

// unlock opens the backup's key file and proves the header with it. A backup of
// a bound vault needs no device secret; one may be given for a file that was put
// together by hand.
func (b *backupFile) unlock(ctx context.Context, passphrase, sk *secret.Bytes) (*keyfile.Bundle, error) {
	bundle, err := openKeys(ctx, b.keys, passphrase, sk)
	if err != nil {
		return nil, err
	}
	key, err := backupKey(bundle)
	if err == nil {
		if !hmac.Equal(sign(key, b.raw), b.mac) {
			err = damagedBackup("its header is not what the vault wrote")
		}
		key.Destroy()
	}
	if err != nil {
		bundle.Destroy()
		return nil, err
	}
	return bundle, nil
}

// database copies the database to w and compares it with the header at the end.
// What was written before an error is to be thrown away.
func (b *backupFile) database(ctx context.Context, w io.Writer, progress func(done, total int64)) error {
	if _, err := b.f.Seek(backupHeader+b.head.key.size, io.SeekStart); err != nil {
		return err
	}
	p, err := copyHashed(ctx, w, io.LimitReader(b.f, b.head.db.size), b.head.db.size, progress)
	if err != nil {
		return err
	}
	if p != b.head.db {
		return damagedBackup("its database is altered")
	}
	return nil
}

func (b *backupFile) created() time.Time { return time.Unix(b.head.created, 0).UTC() }
func (b *backupFile) close()             { _ = b.f.Close() }

// copyHashed copies and says what it copied. It looks at the context between
// pieces of a megabyte.
func copyHashed(ctx context.Context, w io.Writer, r io.Reader, total int64, progress func(done, total int64)) (part, error) {
	var p part
	var h hash.Hash = sha256.New()
	buf := make([]byte, 1<<20)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			h.Write(buf[:n])
			if _, err := w.Write(buf[:n]); err != nil {
				return p, err
			}
			p.size += int64(n)
			progress(p.size, total)
		}
		if ctx.Err() != nil {
			return p, ctx.Err()
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			h.Sum(p.sum[:0])
			return p, nil
		}
		if err != nil {
			return p, err
		}
	}
}
