package keyfile

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"phivault/crypto/secret"
)

// spareVector is a spare that every version must open; binary fields are hexadecimal.
type spareVector struct {
	Comment     string `json:"comment"`
	Passphrase  string `json:"passphrase"`
	VaultID     string `json:"vault_id"`
	SigningSeed string `json:"signing_seed"`
	KEMSeed     string `json:"kem_seed"`
	Epoch       string `json:"last_epoch_key"`
	Remote      string `json:"remote"`
	Pin         string `json:"pin"`
	Credential  string `json:"credential"`
	Text        string `json:"text"`
}

const spareVectorFile = "testdata/spare.json"

func vectorOf(s *Spare, text string) spareVector {
	id := s.VaultID()
	h := func(b *secret.Bytes) string { return hex.EncodeToString(b.Bytes()) }
	return spareVector{"default profile, the least costs", "right", hex.EncodeToString(id[:]), h(s.SigningSeed), h(s.KEMSeed),
		h(s.Epochs[len(s.Epochs)-1].Key), s.Remote, s.Pin, s.Credential, text}
}

func TestSpareVector(t *testing.T) {
	if *update {
		s := newSpare(t)
		text, err := SealSpare(s, phrase("right"), vectorParams[0])
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.MarshalIndent(vectorOf(s, text), "", "\t")
		if err := os.WriteFile(spareVectorFile, append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(spareVectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v spareVector
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSpare(v.Text, phrase(v.Passphrase))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Destroy()
	if got := vectorOf(s, v.Text); got != v {
		t.Errorf("another spare: %+v", got)
	}
}
