package local

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"phivault/crypto/secret"
)

func TestCodeIsReadBackAsPeopleTypeIt(t *testing.T) {
	for range 50 {
		s := secret.Random(deviceSecretSize)
		code := formatCode(s)
		for _, typed := range []string{code, strings.ToLower(code), strings.ReplaceAll(code, "-", " "), "  " + strings.ReplaceAll(code, "-", "") + "\n",
			strings.NewReplacer("O", "0", "I", "1", "B", "8").Replace(code)} {
			got, err := ParseCode(typed)
			if err != nil || !got.Equal(s) {
				t.Fatalf("%q: %v", typed, err)
			}
			got.Destroy()
		}
		s.Destroy()
	}
}

func TestCodeCatchesSlips(t *testing.T) {
	s := secret.FromBytes(bytes.Repeat([]byte{0xa7}, deviceSecretSize))
	defer s.Destroy()
	code := strings.ReplaceAll(formatCode(s), "-", "")
	for i := range code {
		wrong := []byte(code)
		wrong[i] = 'A'
		if code[i] == 'A' {
			wrong[i] = 'C'
		}
		if _, err := ParseCode(string(wrong)); !errors.Is(err, ErrCode) {
			t.Errorf("letter %d: %v", i, err)
		}
	}
	for _, wrong := range []string{"", code[1:], code + "A", code[:55] + "é", strings.Repeat("Ω", 56), strings.Repeat("9", 56), strings.Repeat("A", 1<<20)} {
		if _, err := ParseCode(wrong); !errors.Is(err, ErrCode) {
			t.Errorf("%.60q: %v", wrong, err)
		}
	}
}

// The keyring's answer is read at every opening of a bound vault: text made on the
// way would stay in memory until it is collected, and longer.
func TestReadingACodeMakesNoTextOfIt(t *testing.T) {
	s := secret.Random(deviceSecretSize)
	defer s.Destroy()
	code := strings.ToLower(formatCode(s))
	least := testing.AllocsPerRun(20, func() { secret.New(deviceSecretSize).Destroy() })
	got := testing.AllocsPerRun(20, func() {
		b, err := ParseCode(code)
		if err != nil {
			t.Fatal(err)
		}
		b.Destroy()
	})
	// What was typed and what it should be, which are wiped.
	if got > least+2 {
		t.Errorf("%v allocations beside the secret's %v", got-least, least)
	}
}

func FuzzParseCode(f *testing.F) {
	f.Add("AAAA-AAAA")
	f.Add(strings.Repeat("ABCD-", 14))
	f.Fuzz(func(t *testing.T, code string) {
		s, err := ParseCode(code)
		if (s == nil) != (err != nil) {
			t.Fatal("a result with an error, or neither")
		}
		if err == nil {
			again, err := ParseCode(formatCode(s))
			if err != nil || !again.Equal(s) {
				t.Fatal("not the same again")
			}
		}
	})
}
