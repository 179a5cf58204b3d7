package strength

import (
	"math"
	"strings"
	"testing"

	zxcvbn "github.com/ccojocar/zxcvbn-go"

	"phivault/crypto/secret"
)

func of(s string) Estimate { return Of(secret.FromBytes([]byte(s))) }

func TestWeakPassphrasesAreCalledWeakAndWhy(t *testing.T) {
	for _, c := range []struct {
		passphrase string
		most       int // score
		warning    string
	}{
		{"", 0, "it is empty"},
		{"password", 0, warnCommon},
		{"Password1", 0, warnCommon},
		{"p4ssw0rd", 0, warnCommon},
		{"drowssap", 0, warnCommon},
		{"qwertyuiop[]", 1, ""},
		{"zxcvbnm,./", 1, warnKeyboard},
		{"!@#$%^&*()", 1, ""},
		{"aaaaaaaaaaaaaaaaaaaaaaaa", 0, warnRepeat},
		{"abcabcabcabc", 0, warnRepeat},
		{"xk9xk9xk9", 1, warnRepeat},
		{"abcdefghijkl", 0, warnSequence},
		{"97531", 0, warnSequence},
		{"19841203", 1, warnDate},
		{"03.12.1984", 1, warnDate},
		{"841203", 1, warnDate},
		{"michael1984", 1, warnName},
		{"hospital2023", 1, warnWord},
		{"patient", 0, warnWord},
		{"latipsoh", 1, warnWord},
		{"l4tip50h", 1, warnWord},
		{"Summer2024!", 2, ""},
	} {
		e := of(c.passphrase)
		if e.Score > c.most {
			t.Errorf("%q has score %d (10^%.1f guesses), want at most %d", c.passphrase, e.Score, e.GuessesLog10, c.most)
		}
		if e.Warning == "" || c.warning != "" && e.Warning != c.warning {
			t.Errorf("%q: warning %q, want %q", c.passphrase, e.Warning, c.warning)
		}
	}
}

func TestStrongPassphrasesAreCalledStrong(t *testing.T) {
	for _, p := range []string{
		"correct horse battery staple", "x9$Lq2#vB7!mZ", "gröbßer Käse fällt", "пароль от архива",
		strings.Repeat("long and rambling, but its own; ", 40),
	} {
		if e := of(p); e.Score != 4 || e.Warning != "" {
			t.Errorf("%q has score %d, warning %q", p, e.Score, e.Warning)
		}
	}
}

// zxcvbn-go estimates entropy by an older method; the two agree within a few
// powers of ten where its lists or patterns decide.
func TestEstimateAgreesWithZxcvbn(t *testing.T) {
	for _, p := range []string{
		"password", "letmein", "iloveyou", "qwertyuiop", "1qaz2wsx", "patient", "abcdefgh", "abcabcabcabc",
		"michael1984", "hospital2023", "correcthorsebatterystaple", "tr0ub4dor&3", "03.12.1984", "zxcvbnm,./",
	} {
		ours, theirs := of(p).GuessesLog10, zxcvbn.PasswordStrength(p, nil).Entropy*math.Log10(2)
		if math.Abs(ours-theirs) > 3 {
			t.Errorf("%q: 10^%.1f guesses, zxcvbn-go says 10^%.1f", p, ours, theirs)
		}
	}
}

func TestTheEndOfAVeryLongPassphraseDoesNotMatter(t *testing.T) {
	head := strings.Repeat("x9$Lq2#vB7", Limit/10)
	if a, b := of(head), of(head+"more"); a != b {
		t.Errorf("%v and %v", a, b)
	}
}

func TestGeneratedPassphrase(t *testing.T) {
	p, bits, err := Generate(MinWords)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Destroy()
	words := strings.Fields(string(p.Bytes()))
	if len(words) != MinWords || strings.Join(words, " ") != string(p.Bytes()) {
		t.Errorf("%d words", len(words))
	}
	if bits < 77.5 || bits > 77.55 {
		t.Errorf("%.2f bits for %d words", bits, MinWords)
	}
	if e := Of(p); e.Score != 4 {
		t.Errorf("a generated passphrase has score %d", e.Score)
	}
	again, _, err := Generate(MinWords)
	if err != nil || again.Equal(p) {
		t.Error("the same passphrase twice")
	}
	for _, n := range []int{-1, MinWords - 1, 65} {
		if p, _, err := Generate(n); err == nil || p != nil {
			t.Errorf("%d words were made", n)
		}
	}
}

func FuzzEstimate(f *testing.F) {
	for _, s := range []string{"", "password", "\xff\xfe\x00", "ÄÖÜäöü ẞß", "12/12/12", "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := secret.FromBytes(append([]byte(nil), b...))
		defer s.Destroy()
		e := Of(s)
		if e.Score < 0 || e.Score > 4 || math.IsNaN(e.GuessesLog10) || math.IsInf(e.GuessesLog10, 0) || e.GuessesLog10 < 0 {
			t.Fatalf("%+v", e)
		}
	})
}

func BenchmarkEstimate(b *testing.B) {
	for name, s := range map[string]string{
		"words":  "surging freezable silt gala march fancied",
		"ab":     strings.Repeat("ab", Limit/2),
		"blocks": strings.Repeat("abaababab1", Limit/10),
		"binary": "aabaabbaabababaabbbabababbbaabababababaabbaabaabababababababababaaababababbabababababababababababbab",
	} {
		b.Run(name, func(b *testing.B) {
			p := secret.FromBytes([]byte(s))
			Of(p)
			for b.Loop() {
				Of(p)
			}
		})
	}
}
