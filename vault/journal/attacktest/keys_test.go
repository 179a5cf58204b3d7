package attacktest

import (
	"bytes"
	"crypto/hkdf"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"phivault/crypto/keyfile"
	"phivault/crypto/keyfile/keyfiletest"
	"phivault/crypto/seal"
	"phivault/crypto/seal/sealtest"
	"phivault/crypto/secret"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// onDisk is a vault on this machine with a backup, both made while derivation was
// as cheap as an attacker likes it; the product's floors hold again.
func onDisk(t *testing.T) (dir, backup string, pass *secret.Bytes, o local.Options) {
	t.Helper()
	base := t.TempDir()
	dir, backup = filepath.Join(base, "vault"), filepath.Join(base, "backup")
	o = local.Options{StateDir: filepath.Join(base, "state")}
	pass = secret.FromBytes([]byte("violin orchard seventeen lanterns"))
	t.Cleanup(pass.Destroy)
	t.Run("made", func(t *testing.T) {
		keyfiletest.CheapFor(t)
		v, err := local.Create(ctx, dir, pass, keyfile.DefaultParams(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Backup(ctx, backup, local.BackupOptions{}); err != nil {
			t.Fatal(err)
		}
		if err := v.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
	return dir, backup, pass, o
}

// opened tries a folder's key file and the backup made of it, and tells how much
// memory that took. A derivation of the product takes at least 64 MiB.
func opened(t *testing.T, dir, backup string, pass *secret.Bytes, o local.Options) (allocated uint64, open, restore error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	v, open := local.Open(ctx, dir, pass, o)
	if v != nil {
		v.Close(ctx)
	}
	to := filepath.Join(t.TempDir(), "restored")
	_, restore = local.Restore(ctx, backup, to, pass, o)
	if _, err := os.Stat(to); err == nil {
		t.Error("something was restored")
	}
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, open, restore
}

// Attack 5. Whoever keeps the key file or a backup has made one with weak
// parameters, here even one that the right passphrase opens. Expected: refused
// with its own error, not with that of a passphrase, at open and at restore. Package
// keyfile counts that no derivation is made. Seen to open and to restore with the
// floors at 64 KiB and one pass.
func TestAttack05WeakDerivation(t *testing.T) {
	dir, backup, pass, o := onDisk(t)
	before := read(t, filepath.Join(dir, "vault.key"))
	_, open, restore := opened(t, dir, backup, pass, o)
	if !errors.Is(open, keyfile.ErrParams) || !errors.Is(restore, keyfile.ErrParams) {
		t.Errorf("open: %v, restore: %v", open, restore)
	}
	if !bytes.Equal(before, read(t, filepath.Join(dir, "vault.key"))) {
		t.Error("the key file was changed")
	}
}

// Attack 6. The same with absurd parameters: 4 TiB, 2³² passes, 2³² lanes. Expected:
// refused before a derivation could take memory or time. Seen to ask for the memory
// with the ceilings at 2³²-1: the runtime gave up.
func TestAttack06AbsurdDerivation(t *testing.T) {
	const memory, cost, threads = 12, 16, 20
	dir, backup, pass, o := onDisk(t)
	name := filepath.Join(dir, "vault.key")
	good, archive := read(t, name), read(t, backup)
	at := bytes.Index(archive, good)
	if at < 0 {
		t.Fatal("the backup does not hold the key file as it is")
	}
	for _, field := range []int{memory, cost, threads} {
		bad := bytes.Clone(good)
		binary.BigEndian.PutUint32(bad[field:], 1<<32-1)
		write(t, name, bad)
		write(t, backup, append(append(bytes.Clone(archive[:at]), bad...), archive[at+len(bad):]...))
		allocated, open, restore := opened(t, dir, backup, pass, o)
		if !errors.Is(open, keyfile.ErrParams) || restore == nil || errors.Is(restore, keyfile.ErrPassphrase) {
			t.Errorf("field %d: open: %v, restore: %v", field, open, restore)
		}
		if allocated > 16<<20 {
			t.Errorf("field %d: %d MiB were taken", field, allocated>>20)
		}
	}
}

// Attack 7. Older, unknown and zero versions and suites: in a key file; in an
// object's header, by a member who derives all keys from that header as the
// specification says; in a signed segment. Expected: closed, each with its error. Seen
// to open with seal deriving from the header that it read and not comparing it. No one
// weakening lets a segment in: what is verified is what this version encodes.
func TestAttack07OtherVersionsAndSuites(t *testing.T) {
	dir, backup, pass, o := onDisk(t)
	name := filepath.Join(dir, "vault.key")
	good := read(t, name)
	for _, at := range []int{8, 9} {
		for _, v := range []byte{0, 2, 255} {
			bad := bytes.Clone(good)
			bad[at] = v
			write(t, name, bad)
			if _, open, _ := opened(t, dir, backup, pass, o); !errors.Is(open, keyfile.ErrVersion) {
				t.Errorf("key file, byte %d is %d: %v", at, v, open)
			}
		}
	}
	for name, h := range map[string][16]byte{
		"version 0": sealtest.Header(0, 1, uint16(seal.KindSegment)), "version 2": sealtest.Header(2, 1, uint16(seal.KindSegment)),
		"suite 0": sealtest.Header(1, 0, uint16(seal.KindSegment)), "suite 255": sealtest.Header(1, 255, uint16(seal.KindSegment)),
	} {
		w := newWorld(t)
		w.sealed(h, func(*segment.Segment) []byte { return nil })
		t.Log(name)
		w.refuses(w.a, journal.ErrUnreadable)
	}
	for at := range 2 {
		for _, v := range []byte{0, 2} {
			w := newWorld(t)
			w.sealed(sealtest.Header(1, 1, uint16(seal.KindSegment)), func(s *segment.Segment) []byte {
				b := s.Encode()
				b = b[:len(b)-64]
				b[at] = v
				return append(b, w.b.Keys.Sign("phivault/segment/v1", b)...)
			})
			w.refuses(w.a, journal.ErrForged)
		}
	}
	// The same way with nothing changed is taken: what was refused was the version.
	w := newWorld(t)
	w.sealed(sealtest.Header(1, 1, uint16(seal.KindSegment)), func(*segment.Segment) []byte { return nil })
	w.sync(w.a)
	if w.last(w.a, w.b).Place.Seq != w.last(w.b, w.b).Place.Seq+1 {
		t.Error("the attacker cannot write a good object")
	}
}

// Attack 9. A member makes one object that AES-GCM takes under two epochs' keys,
// so that it says one thing to who asks under the one and another to who asks under
// the other. Expected: it opens under the key it commits to alone; here it commits to
// the key that nobody asks with. Seen to open with seal's comparison of
// commitments removed; what came out was then forged.
func TestAttack09TwoKeyCollision(t *testing.T) {
	w := newWorld(t)
	l := w.last(w.b, w.b)
	k := w.keys(w.b, l.Next)
	n := segment.Space(w.b.VaultID()).Name(k.SegmentName(l.Place.Log, l.Place.Seq+1))
	h := sealtest.Header(1, 1, uint16(seal.KindSegment))
	info := sealtest.Info(h, w.b.VaultID(), l.Next, n.String())
	salt := make([]byte, 32)
	asked, _ := sealtest.Keys(segmentKey(t, k), salt, info)
	other, commitment := sealtest.Keys(bytes.Repeat([]byte{9}, 32), salt, info)
	prefix := append(append(h[:], salt...), commitment...)
	plain := make([]byte, 4096-len(prefix)-28)
	plain = plain[:len(plain)/16*16]
	binary.BigEndian.PutUint64(plain[len(plain)-8:], 200) // the block that the attacker chooses lies in it
	object := append(bytes.Clone(prefix), sealtest.Collide(asked, other, plain, sealtest.AAD(prefix, 0, true), 5)...)
	w.host.only(n, object)
	w.refuses(w.a, journal.ErrUnreadable)
	if err := w.a.Sync(w.host); is(err, journal.ErrForged) {
		t.Error("it was opened")
	}
}

// segmentKey is K_segment of an epoch.
func segmentKey(t *testing.T, k *segment.Keys) []byte {
	t.Helper()
	id := k.ID()
	raw, err := hkdf.Key(sha512.New, k.Key().Bytes(), id[:], "phivault/epoch/v1/segment", 32)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// sealed puts a next segment of b's log under header h, written without package
// seal. signed may give other bytes than those of the segment.
func (w *world) sealed(h [16]byte, signed func(*segment.Segment) []byte) remote.Name {
	w.t.Helper()
	l := w.last(w.b, w.b)
	s := &segment.Segment{VaultID: w.b.VaultID(), Place: vault.Place{Log: l.Place.Log, Seq: l.Place.Seq + 1}, Prev: l.Place.Hash,
		Epoch: l.Next, Next: l.Next, Clock: l.Clock}
	s.Sign(w.b.Keys)
	k := w.keys(w.b, s.Epoch)
	n := segment.Space(w.b.VaultID()).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	b := signed(s)
	if b == nil {
		b = s.Encode()
	}
	plain := append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
	w.host.objects[n] = sealtest.Object(h, segmentKey(w.t, k), sealtest.Info(h, w.b.VaultID(), l.Next, n.String()), plain, 4096)
	return n
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
