package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"

	"phivault/crypto/seal"
	"phivault/crypto/secret"
)

func newDevice(t testing.TB, n byte) *Device {
	t.Helper()
	d, err := NewDevice(bytes.Repeat([]byte{n}, SeedSize), bytes.Repeat([]byte{n + 100}, SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Destroy)
	return d
}

func TestSignaturesAreForOneUse(t *testing.T) {
	a, b := newDevice(t, 1), newDevice(t, 2)
	sig := a.Sign("use/v1", []byte("m"))
	if !a.Public().Verify("use/v1", []byte("m"), sig) {
		t.Fatal("does not verify")
	}
	for name, ok := range map[string]bool{
		"another use":       a.Public().Verify("use/v2", []byte("m"), sig),
		"another message":   a.Public().Verify("use/v1", []byte("n"), sig),
		"another device":    b.Public().Verify("use/v1", []byte("m"), sig),
		"label and message": a.Public().Verify("use/v", []byte("1m"), sig),
		"cut short":         a.Public().Verify("use/v1", []byte("m"), sig[:63]),
		"extended":          a.Public().Verify("use/v1", []byte("m"), append(bytes.Clone(sig), 0)),
	} {
		if ok {
			t.Errorf("%s verifies", name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a label with a zero byte was accepted")
		}
	}()
	a.Sign("use\x00", nil)
}

func TestWrapsOpenForTheirRecipientAndPurposeOnly(t *testing.T) {
	a, b, c := newDevice(t, 1), newDevice(t, 2), newDevice(t, 3)
	key := secret.Random(seal.KeySize)
	good := Wrapping{VaultID: [32]byte{1}, Writer: a.ID(), Recipient: b.ID(), Epoch: [16]byte{7}}
	wrap, err := Wrap(b.Public(), good, key)
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.Unwrap(good, wrap)
	if err != nil || !got.Equal(key) {
		t.Fatalf("%v", err)
	}
	change := func(f func(*Wrapping)) Wrapping { w := good; f(&w); return w }
	for name, w := range map[string]Wrapping{
		"another vault":      change(func(w *Wrapping) { w.VaultID[0]++ }),
		"another writer":     change(func(w *Wrapping) { w.Writer = c.ID() }),
		"another epoch":      change(func(w *Wrapping) { w.Epoch[0]++ }),
		"with an invitation": change(func(w *Wrapping) { w.Invitation = make([]byte, InviteSize) }),
		"another recipient":  change(func(w *Wrapping) { w.Recipient = c.ID() }),
	} {
		if k, err := b.Unwrap(w, wrap); !errors.Is(err, ErrWrap) || k != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.Unwrap(change(func(w *Wrapping) { w.Recipient = c.ID() }), wrap); !errors.Is(err, ErrWrap) {
		t.Errorf("another device: %v", err)
	}
	for at := 0; at < len(wrap); at += 13 {
		wrap[at] ^= 1
		if _, err := b.Unwrap(good, wrap); !errors.Is(err, ErrWrap) {
			t.Errorf("byte %d changed: %v", at, err)
		}
		wrap[at] ^= 1
	}
	for _, n := range []int{0, 4, WrapSize - 1} {
		if _, err := b.Unwrap(good, wrap[:n]); !errors.Is(err, ErrWrap) {
			t.Errorf("cut to %d: %v", n, err)
		}
	}
	if _, err := b.Unwrap(good, append(bytes.Clone(wrap), 0)); !errors.Is(err, ErrWrap) {
		t.Errorf("extended: %v", err)
	}
	// A host that wraps a key of its own makes one that opens: HPKE proves no
	// sender. Swapped keys under the recipient's name must not get out at all.
	if _, err := Wrap(c.Public(), good, key); err == nil {
		t.Error("wrapped to the keys of another device")
	}
	if _, err := Wrap(b.Public(), good, secret.New(16)); err == nil {
		t.Error("a short key was wrapped")
	}
}

func TestInvitationsSurviveTextAndWords(t *testing.T) {
	i := NewInvitation()
	i.Remote, i.Pin, i.Credential = "https://host.example/ü", "sha256:abc", "token"
	text, err := i.Text()
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{text, " " + text[:20] + "\n  " + text[20:] + "\r\n"} {
		if got, err := ParseInvitation(form); err != nil || got != i {
			t.Errorf("%q: %v", form, err)
		}
	}
	words := i.Words()
	short := strings.Fields(words)
	for n, w := range short {
		short[n] = strings.ToUpper(w[:min(4, len(w))])
	}
	for _, form := range []string{words, strings.Join(short, "\n ")} {
		if got, err := ParseInvitation(form); err != nil || got != (Invitation{Secret: i.Secret}) {
			t.Errorf("%q: %v", form, err)
		}
	}
	for at := len(inviteMark); at < len(text); at++ {
		c := byte('A')
		if text[at] == 'A' {
			c = 'B'
		}
		if _, err := ParseInvitation(text[:at] + string(c) + text[at+1:]); !errors.Is(err, ErrInvitation) {
			t.Errorf("character %d mistyped: %v", at, err)
		}
		if _, err := ParseInvitation(text[:at]); !errors.Is(err, ErrInvitation) {
			t.Errorf("cut to %d: %v", at, err)
		}
	}
	for name, form := range map[string]string{"empty": "", "eleven": "abandon " + strings.Repeat("zoo ", 10),
		"unknown word": strings.Repeat("abandon ", 11) + "xyzzy", "too long": strings.Repeat("a", 5000)} {
		if _, err := ParseInvitation(form); !errors.Is(err, ErrInvitation) {
			t.Errorf("%s: %v", name, err)
		}
	}
	i.Credential = strings.Repeat("x", inviteMost)
	if _, err := i.Text(); !errors.Is(err, ErrInvitation) {
		t.Errorf("a huge credential: %v", err)
	}
	if s := i.String() + i.GoString(); strings.Contains(s, "token") || strings.Contains(s, "host") {
		t.Error(s)
	}
}

// BIP 39's own vectors, and the checksum of its list.
func TestWordsOfBIP39(t *testing.T) {
	if sum := sha256.Sum256([]byte(wordText)); hex.EncodeToString(sum[:]) != "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda" {
		t.Error("another word list")
	}
	for secret, want := range map[string]string{
		"00000000000000000000000000000000": strings.Repeat("abandon ", 11) + "about",
		"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f": "legal winner thank year wave sausage worth useful legal winner thank yellow",
		"ffffffffffffffffffffffffffffffff": strings.Repeat("zoo ", 11) + "wrong",
	} {
		var i Invitation
		if _, err := hex.Decode(i.Secret[:], []byte(secret)); err != nil || i.Words() != want {
			t.Errorf("%s: %s", secret, i.Words())
		}
	}
	// One word in sixteen passes by chance: the list's last word as the twelfth.
	bad := 0
	for _, w := range wordList() {
		if _, err := ParseInvitation(strings.Repeat("abandon ", 11) + w); err == nil {
			bad++
		}
	}
	if bad != 128 {
		t.Errorf("%d of 2048 last words pass, want 128", bad)
	}
}

const deviceVectorFile = "testdata/device.json"

type deviceVector struct {
	SigningSeed, KEMSeed, Label, Message, Signature string
	VaultID, Writer, Epoch, Invitation, Key, Wrap   string
	Request, CheckWords, Words, Text                string
	RequestName, RequestKey, ReplyName, ReplyKey    string
}

func TestDeviceVectors(t *testing.T) {
	h := hex.EncodeToString
	d := newDevice(t, 1)
	if *update {
		cryptotest.SetGlobalRandom(t, 4)
		i := Invitation{Secret: [16]byte{1, 2, 3}, Remote: "https://host.example", Pin: "pin", Credential: "token"}
		key := secret.FromBytes(bytes.Repeat([]byte{9}, 32))
		w := Wrapping{VaultID: [32]byte{5}, Writer: newDevice(t, 2).ID(), Recipient: d.ID(), Epoch: [16]byte{6}, Invitation: i.Secret[:]}
		wrap, err := Wrap(d.Public(), w, key)
		if err != nil {
			t.Fatal(err)
		}
		text, err := i.Text()
		if err != nil {
			t.Fatal(err)
		}
		rn, pn := i.RequestName(), i.ReplyName()
		v := deviceVector{h(d.sign.Bytes()), h(d.kem.Bytes()), "use/v1", h([]byte("message")), h(d.Sign("use/v1", []byte("message"))),
			h(w.VaultID[:]), h(w.Writer[:]), h(w.Epoch[:]), h(i.Secret[:]), h(key.Bytes()), h(wrap),
			h([]byte("request")), i.CheckWords([]byte("request")), i.Words(), text,
			h(rn[:]), h(i.RequestKey().Bytes()), h(pn[:]), h(i.ReplyKey().Bytes())}
		out, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(deviceVectorFile, append(out, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(deviceVectorFile)
	if err != nil {
		t.Fatal(err)
	}
	var v deviceVector
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	b := func(s string) []byte {
		out, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	i, err := ParseInvitation(v.Text)
	if err != nil {
		t.Fatal(err)
	}
	rn, pn := i.RequestName(), i.ReplyName()
	for name, pair := range map[string][2]string{
		"signature": {h(d.Sign(v.Label, b(v.Message))), v.Signature}, "words": {i.Words(), v.Words},
		"check words": {i.CheckWords(b(v.Request)), v.CheckWords}, "secret": {h(i.Secret[:]), v.Invitation},
		"request name": {h(rn[:]), v.RequestName}, "request key": {h(i.RequestKey().Bytes()), v.RequestKey},
		"reply name": {h(pn[:]), v.ReplyName}, "reply key": {h(i.ReplyKey().Bytes()), v.ReplyKey},
	} {
		if pair[0] != pair[1] || pair[0] == "" {
			t.Errorf("another %s: %s", name, pair[0])
		}
	}
	w := Wrapping{VaultID: [32]byte(b(v.VaultID)), Writer: DeviceID(b(v.Writer)), Recipient: d.ID(), Epoch: [16]byte(b(v.Epoch)), Invitation: b(v.Invitation)}
	if k, err := d.Unwrap(w, b(v.Wrap)); err != nil || h(k.Bytes()) != v.Key {
		t.Errorf("the wrap: %v", err)
	}
}

// The words are compared by a person: all of them count, and nothing but how they
// are typed is forgiven.
func TestSameWords(t *testing.T) {
	i := NewInvitation()
	words := i.CheckWords([]byte("request"))
	f := strings.Fields(words)
	if len(f) != 8 {
		t.Fatalf("%d words", len(f))
	}
	short := ""
	for _, w := range f {
		short += "  " + strings.ToUpper(w[:min(4, len(w))])
	}
	if !SameWords(words, words) || !SameWords(short+"\n", words) {
		t.Error("the words as shown, or their first letters, are refused")
	}
	for n := range f {
		other := slices.Clone(f)
		other[n] = "abandon"
		if f[n] == "abandon" {
			other[n] = "zoo"
		}
		if SameWords(strings.Join(other, " "), words) {
			t.Errorf("word %d does not count", n+1)
		}
	}
	for _, bad := range []string{"", strings.Join(f[:7], " "), words + " zoo", "x " + strings.Join(f[1:], " "), strings.Repeat("a", 1<<16)} {
		if SameWords(bad, words) {
			t.Errorf("%d characters pass", len(bad))
		}
	}
	if NewInvitation().CheckWords([]byte("request")) == words || i.CheckWords([]byte("requesu")) == words {
		t.Error("the words depend on less than secret and request")
	}
}

func FuzzParseInvitation(f *testing.F) {
	i := NewInvitation()
	text, _ := i.Text()
	f.Add(text)
	f.Add(i.Words())
	f.Fuzz(func(t *testing.T, s string) {
		i, err := ParseInvitation(s)
		if err != nil && i != (Invitation{}) {
			t.Error("a result beside an error")
		}
		if err == nil {
			if text, err := i.Text(); err == nil {
				if again, err := ParseInvitation(text); err != nil || again != i {
					t.Error("does not come back")
				}
			}
		}
	})
}
