package journal

import (
	"crypto/hmac"
	"crypto/sha256"

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
