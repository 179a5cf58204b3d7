package remote_test

import (
	"bytes"
	"strings"
	"testing"

	"phivault/sync/remote"
)

func id(b byte) (out [32]byte) {
	for i := range out {
		out[i] = b + byte(i)
	}
	return out
}

func TestANameIsReadAsItWasWritten(t *testing.T) {
	for _, s := range []remote.Space{remote.Join, remote.VaultSpace([10]byte{0xff, 1, 2})} {
		n := s.Name(id(7))
		got, err := remote.ParseName(n.String())
		if err != nil || got != n || n.Space() != s || !s.Holds(n) {
			t.Errorf("%s: got %s, %v in %s", n, got, err, n.Space())
		}
		if n.Folder()+"/"+n.Base() != n.String() || !strings.HasPrefix(n.Folder(), s.Path()+"/") {
			t.Errorf("%s = %s + %s", n, n.Folder(), n.Base())
		}
		if back, err := remote.ParseSpace(s.String()); err != nil || back != s {
			t.Errorf("space %s: %v", s, err)
		}
	}
	if remote.Join.Holds(remote.VaultSpace([10]byte{}).Name(id(1))) {
		t.Error("a vault's object lies in the space of those who join")
	}
	if !(remote.Space{}).Holds(remote.Join.Name(id(1))) || (remote.Space{}).Holds(remote.Name{}) {
		t.Error("the zero Space holds every name, and only names")
	}
}

// Hostile lists what must never become a path or a URL.
func TestHostileNamesAreNoNames(t *testing.T) {
	good := remote.VaultSpace([10]byte{1}).Name(id(3)).String()
	tag, base := good[3:19], good[23:]
	bad := []string{
		"", "/", good + "/", "/" + good, good + "\x00", " " + good, good + "\n", good[:len(good)-1],
		strings.ToUpper(good), strings.Replace(good, "v1", "v2", 1), strings.Replace(good, "v1", "V1", 1),
		"v1/" + tag + "/../" + base, "v1/../" + good, "v1/" + strings.Repeat(".", 16) + good[19:],
		"v1/" + tag + "/zz/" + base, "v1/" + tag + "//" + base, "v1\\" + good[3:], "C:/" + good[3:],
		"v1/" + tag + "/" + base[:2] + "/" + base[:51] + "=", "v1/" + tag + "/" + base[:2] + "/" + base[:51] + "1",
		"v1/" + tag + "/" + base[:2] + "/" + base[:51] + "b",                    // spare bits
		"v1/" + tag + "/" + base[:2] + "/" + base[:49] + "\uff0e",               // full-width dot
		"v1/" + tag + "/" + base[:2] + "/" + base[:40] + "\r\n" + base[:10],     // what base32 skips
		"v1/" + tag + "/" + base[:2] + "/" + base[:48] + "%2e", "v1/CON" + good, // and the like
		"v1/join/" + good[3:], "v1/joim" + good[19:], good + "/" + base,
	}
	for _, s := range bad {
		if n, err := remote.ParseName(s); err == nil || !n.IsZero() {
			t.Errorf("%q became the name %s", s, n)
		}
	}
	for _, s := range []string{"", "v1", "JOIN", "..", strings.Repeat("a", 15), strings.Repeat("1", 16)} {
		if _, err := remote.ParseSpace(s); err == nil {
			t.Errorf("%q became a space", s)
		}
	}
}

func FuzzParseName(f *testing.F) {
	f.Add(remote.Join.Name(id(0)).String())
	f.Add(remote.VaultSpace([10]byte{9}).Name(id(200)).String())
	f.Add("v1/../../etc/passwd")
	f.Fuzz(func(t *testing.T, s string) {
		n, err := remote.ParseName(s)
		if err != nil {
			if !n.IsZero() {
				t.Fatal("an error and a name")
			}
			return
		}
		if n.String() != s {
			t.Fatalf("%q was read as %q", s, n)
		}
		if i := strings.IndexFunc(s, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= '2' && r <= '7' || r == '/' || r == '1')
		}); i >= 0 {
			t.Fatalf("%q holds a byte that no path should", s)
		}
		text, _ := n.MarshalText()
		var back remote.Name
		if err := back.UnmarshalText(text); err != nil || back != n || !bytes.Equal(text, []byte(s)) {
			t.Fatalf("%q does not survive as text: %v", s, err)
		}
	})
}
