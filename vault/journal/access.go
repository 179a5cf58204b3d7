package journal

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"slices"

	"phivault/crypto/identity"
)

// AccessLabel is by what the members of a vault note at a host which device an access
// key is for: HMAC-SHA-256 under K_inbox(device) of "access". To anybody else it is
// random.
func (j *Journal) AccessLabel(d identity.DeviceID) (label [32]byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	box := j.keys[j.first].Inbox(d)
	defer box.Destroy()
	m := hmac.New(sha256.New, box.Bytes())
	m.Write([]byte("access"))
	m.Sum(label[:0])
	return label
}

const accessUse = "phivault/access/v1"

// AccessProof is this device's word that an access key is its own, for members: its
// signature, which looks random to anybody else. Any member can write a device's label
// beside a key; this only the device can.
func (j *Journal) AccessProof(key ed25519.PublicKey) []byte {
	return j.AccessProofOf(j.p.Device, key)
}

// AccessProofOf is AccessProof of another device whose keys are here: a spare that is
// being made.
func (j *Journal) AccessProofOf(d *identity.Device, key ed25519.PublicKey) []byte {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.veil(d.ID(), key, d.Sign(accessUse, slices.Concat(j.id[:], key)))
}

// ProvesAccess reports whether a device, a member or not, gave its word for an access
// key.
func (j *Journal) ProvesAccess(d identity.DeviceID, key ed25519.PublicKey, proof []byte) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	public, known := j.s.public(d)
	return known && len(proof) == identity.SignatureSize && public.Verify(accessUse, slices.Concat(j.id[:], key), j.veil(d, key, proof))
}

// veil hides a proof, and shows one that is hidden.
func (j *Journal) veil(d identity.DeviceID, key ed25519.PublicKey, proof []byte) []byte {
	box := j.keys[j.first].Inbox(d)
	defer box.Destroy()
	m := hmac.New(sha512.New, box.Bytes())
	m.Write([]byte("access proof"))
	m.Write(key)
	out := m.Sum(nil)
	for i := range out {
		out[i] ^= proof[i]
	}
	return out
}
