package journal

import (
	"errors"
	"strings"
	"testing"

	"phivault/vault"
)

// What is read out over the telephone is misheard: a slip is told as one, and is
// never taken for an attack.
func TestASlipInACodeIsNoCode(t *testing.T) {
	h := vault.Hash{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}
	for _, code := range []string{CodeText("A", "4", h), CodeText("AB", "2/10971", h), CodeText("Z", "0", vault.Hash{})} {
		if err := CheckForm(code); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		loose := strings.ToLower(strings.Join(strings.Fields(code)[:2], " ") + "  " + strings.Join(strings.Fields(code)[2:], ""))
		if err := CheckForm(loose); err != nil {
			t.Errorf("%s: %v", loose, err)
		}
		for i := range code {
			if code[i] == ' ' || code[i] == '/' {
				continue
			}
			for _, c := range []byte("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
				if wrong := code[:i] + string(c) + code[i+1:]; c != code[i] && !errors.Is(CheckForm(wrong), vault.ErrUsage) {
					t.Errorf("%s is taken", wrong)
				}
			}
			if i > 0 && code[i-1] != code[i] && code[i-1] != ' ' && code[i-1] != '/' {
				if wrong := code[:i-1] + code[i:i+1] + code[i-1:i] + code[i+1:]; CheckForm(wrong) == nil {
					t.Errorf("%s is taken", wrong)
				}
			}
		}
		slip := []byte(code)
		slip[len(slip)-4] ^= 1
		if err := CheckForm(string(slip)); !errors.Is(err, ErrMistyped) {
			t.Errorf("%s: %v", slip, err)
		}
	}
	if got := CodeText("A", "4", h); got != "A 4 97903 82856 24949 96240 14" {
		t.Error(got)
	}
	if err := CheckForm("A 4 97903 82856 24949 96240"); err != nil {
		t.Errorf("without check digits: %v", err)
	}
	for _, wrong := range []string{"", "A", "A 4", "A 4 123", "4 A 40144695126130197008", "A 4/ 40144695126130197008", "A 4 4014469512613019700x"} {
		if err := CheckForm(wrong); !errors.Is(err, vault.ErrUsage) || errors.Is(err, ErrMistyped) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
