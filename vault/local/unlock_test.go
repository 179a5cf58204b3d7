package local

import (
	"testing"

	"phivault/crypto/identity"
	"phivault/crypto/keyfile"
	"phivault/crypto/secret"
)

// A name that two devices share would have two histories under it.
func TestTheDeviceIsTheOneWithTheSeeds(t *testing.T) {
	b, err := keyfile.NewBundle(identity.NewGenesis)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Destroy()
	names := map[[16]byte]string{}
	for _, who := range []string{"founder", "another"} {
		p, err := identity.FromSeeds(b.SigningSeed.Bytes(), b.KEMSeed.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		id, err := device(b)
		if err != nil || id != p.DeviceID() || names[id] != "" {
			t.Errorf("%s: %x, the seeds' is %v, %v", who, id, p.DeviceID(), err)
		}
		names[id] = who
		b.SigningSeed, b.KEMSeed = secret.Random(keyfile.KeySize), secret.Random(keyfile.KeySize)
	}
	b.Genesis = b.Genesis[1:]
	if id, err := device(b); err == nil {
		t.Errorf("%x without a genesis", id)
	}
}
