package host_test

import (
	"bytes"
	"testing"

	"phivault/sync/host"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

// A member that is no owner fills the vault's list of keys, each key by one before it.
// Expected to leave the owners room to let somebody in. Seen to succeed when only what
// one key had added was counted.
func TestAMemberLeavesOwnersRoomForKeys(t *testing.T) {
	r := start(t, func(c *host.Config) { c.Limits.KeysPerVault = 32 })
	owner := r.member(remotetest.Space(), host.Token{})
	key := newKey(t)
	label, proof := [32]byte{1, 2, 3}, bytes.Repeat([]byte{7}, 64)
	if err := owner.Grant(t.Context(), pub(key)); err != nil {
		t.Fatal(err)
	}
	if err := owner.Assign(t.Context(), hosted.Access{Key: pub(key), Label: label}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := []*hosted.Remote{r.client(remotetest.Space(), key)}; len(line) > 0 && n < 64; line = line[1:] {
		for range 4 {
			k := newKey(t)
			if line[0].Vouch(t.Context(), hosted.Access{Key: pub(k), Label: label, Proof: proof}) != nil {
				break
			}
			n++
			line = append(line, r.client(remotetest.Space(), k))
		}
	}
	if n < 5 { // or it is not what is tried
		t.Errorf("only %d keys by a member", n)
	}
	if err := owner.Grant(t.Context(), pub(newKey(t))); err != nil {
		t.Errorf("after %d keys by a member an owner can let nobody in: %v", n, err)
	}
}
