package cryptvfs

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha512"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"phivault/crypto/secret"
)

const (
	keySize   = 32
	keyIDSize = 4
	// sealsPerKey bounds the messages under one page key: a quarter of what NIST
	// SP 800-38D allows with random 96-bit nonces, so that a key id drawn twice
	// by chance still stays within it.
	sealsPerKey = 1 << 30
	// openKeys bounds the remembered page keys, about 1 KiB each. A vault
	// gathers one key id for each time it was opened for writing.
	openKeys = 1024
)

// keyID names a page key. It is random, stored in the clear behind what the key
// sealed, and says nothing but which pages were written in the same session.
type keyID [keyIDSize]byte

// pageKey is the AEAD for one key id.
type pageKey struct {
	id   keyID
	aead cipher.AEAD
}

// writeKey is the page key that seals now, and how many seals it has left.
type writeKey struct {
	pageKey
	left atomic.Int64
}

// keyring derives the page keys of one vault: a new one to write with for each
// VFS and each 2^30 seals, and any other by its id to read with.
type keyring struct {
	prk     *secret.Bytes // HKDF-Extract of the database key
	info    string
	perKey  int64
	writing atomic.Pointer[writeKey]

	mu    sync.RWMutex
	known map[keyID]*pageKey // nil once destroyed
}

// newKeyring keeps nothing of key but what HKDF makes of it (RFC 5869, SHA-512).
func newKeyring(key []byte, vault [32]byte, pageSize int) (*keyring, error) {
	prk, err := hkdf.Extract(sha512.New, key, vault[:])
	if err != nil {
		return nil, err
	}
	info := binary.BigEndian.AppendUint32([]byte("phivault/cryptvfs/v1 page key "), uint32(pageSize))
	k := &keyring{prk: secret.FromBytes(prk), info: string(info), perKey: sealsPerKey, known: map[keyID]*pageKey{}}
	if _, err := k.rotate(nil); err != nil {
		k.destroy()
		return nil, err
	}
	return k, nil
}

// derive makes the page key of id.
func (k *keyring) derive(id keyID) (*pageKey, error) {
	raw, err := hkdf.Expand(sha512.New, k.prk.Bytes(), k.info+string(id[:]), keySize)
	if err != nil {
		return nil, err
	}
	defer secret.Wipe(raw)
	block, err := aes.NewCipher(raw)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &pageKey{id, aead}, nil
}

// forSealing returns the key to seal one message with.
func (k *keyring) forSealing() (*writeKey, error) {
	for {
		w := k.writing.Load()
		if w == nil {
			return nil, ErrClosed
		}
		if w.left.Add(-1) >= 0 {
			return w, nil
		}
		if _, err := k.rotate(w); err != nil {
			return nil, err
		}
	}
}

// rotate replaces the key to write with, if it still is old.
func (k *keyring) rotate(old *writeKey) (*writeKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known == nil {
		return nil, ErrClosed
	}
	if w := k.writing.Load(); w != old {
		return w, nil
	}
	var id keyID
	rand.Read(id[:]) // never fails: crypto/rand ends the process instead
	p, err := k.derive(id)
	if err != nil {
		return nil, err
	}
	w := &writeKey{pageKey: *p}
	w.left.Store(k.perKey)
	k.writing.Store(w)
	k.remember(p)
	return w, nil
}

// forOpening returns the key of id. A caller hands it to keep only once
// something opened under it, so that invented ids cannot push out real keys.
func (k *keyring) forOpening(id keyID) (p *pageKey, fresh bool, err error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.known == nil {
		return nil, false, ErrClosed
	}
	if p := k.known[id]; p != nil {
		return p, false, nil
	}
	p, err = k.derive(id)
	return p, true, err
}

func (k *keyring) keep(p *pageKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known != nil {
		k.remember(p)
	}
}

// remember drops some other key when there are too many; it costs two
// microseconds to derive again.
func (k *keyring) remember(p *pageKey) {
	if len(k.known) >= openKeys {
		for id := range k.known {
			delete(k.known, id)
			break
		}
	}
	k.known[p.id] = p
}

// destroy wipes the root key. Key schedules inside crypto/aes cannot be wiped;
// they are dropped.
func (k *keyring) destroy() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.prk.Destroy()
	k.known = nil
	k.writing.Store(nil)
}
