package seal

import (
	"bytes"
	"encoding/binary"
	"testing"

	"phivault/crypto/seal/sealtest"
	"phivault/crypto/secret"
)

// Attack 9. Whoever knows two keys can make one AES-GCM message that verifies under
// both. Such objects are built here: each says something under one of the keys and
// garbage under the other, and both commit to the first. Expected: they open under the
// key they commit to alone. Seen to open under the other with NewReader's comparison of
// commitments removed.
func TestAttack09TwoKeyCollisionFailsAtTheCommitment(t *testing.T) {
	key1, key2 := secret.Random(KeySize), secret.Random(KeySize)
	prefix := make([]byte, prefixSize)
	h := header(testContext.Kind)
	copy(prefix, h[:])
	salt := prefix[headerSize : headerSize+saltSize]
	aesKey1, commitment := sealtest.Keys(key1.Bytes(), salt, testContext.info())
	aesKey2, _ := sealtest.Keys(key2.Bytes(), salt, testContext.info())
	copy(prefix[headerSize+saltSize:], commitment)
	aad := newAAD(prefix)

	plain := append(bytes.Repeat([]byte("attack at dawn. "), 3), 1, 2, 3, 4, 5, 6, 7, 8)
	plain = binary.BigEndian.AppendUint64(plain, uint64(len(plain)))
	for i, says := range [][2][]byte{{aesKey1, aesKey2}, {aesKey2, aesKey1}} {
		chunk := sealtest.Collide(says[0], says[1], plain, aad.at(0, true), 2)
		object := append(bytes.Clone(prefix), chunk...)
		for k, key := range []*secret.Bytes{key1, key2} {
			s, err := derive(key, salt, testContext)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.aead.Open(nil, nil, chunk, aad.at(0, true)); err != nil {
				t.Fatalf("no collision: GCM refuses key %d: %v", k+1, err)
			}
		}
		if got, err := Open(object, key1, testContext); i == 0 && (err != nil || !bytes.HasPrefix(got, []byte("attack at dawn. attack at dawn. "))) {
			t.Fatalf("the committed key: %q, %v", got, err)
		}
		refused(t, object, key2, testContext, "the other key, object %d", i)
	}
}
