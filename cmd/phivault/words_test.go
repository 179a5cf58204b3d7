//go:build linux || darwin

package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"phivault/crypto/identity"
	"phivault/crypto/secret"
	"phivault/sync/host"
)

var (
	twelve = regexp.MustCompile(`(?m)^((?:[a-z]+ ){11}[a-z]+)\r?$`)
	eight  = regexp.MustCompile(`(?m)^    ((?:[a-z]+ ){7}[a-z]+)\r?$`)
)

// shows waits for what the pattern's group is.
func (s *screen) shows(p *regexp.Regexp, before string) string {
	s.t.Helper()
	s.expect(before)
	m := p.FindStringSubmatch(s.text())
	if m == nil {
		s.t.Fatalf("no %v in\n%s", p, s.text())
	}
	return m[1]
}

// two are the environments of two devices; the first has a vault with a record and
// a remote.
func two(t *testing.T, address string, more ...string) (dir string, first, second, pass []string) {
	t.Helper()
	dir, first = made(t)
	second = append(append([]string{}, first...), "PHIVAULT_HOME="+filepath.Join(dir, "second"))
	pass = []string{"--passphrase-file", filepath.Join(dir, "pass")}
	sit(t, first, nil, append(append([]string{"remote", "add", "main", strings.ReplaceAll(address, "DIR", dir)}, more...), pass...)...).ends(0)
	sit(t, first, nil, append([]string{"sync"}, pass...)...).expect("ok").ends(0)
	return dir, first, second, pass
}

// meet has the second device join with words, and gives its screen.
func meet(t *testing.T, first, second, pass []string, join ...string) {
	t.Helper()
	invite := sit(t, first, nil, append([]string{"device", "invite", "--words", "--valid", "1m"}, pass...)...)
	words := invite.shows(twelve, "The invitation counts once")
	s := sit(t, second, nil, append(append([]string{"device", "join", "--words", "--name", "desk", "--valid", "1m"}, join...), pass...)...)
	s.expect("Type the 12 words").expect("Words: ").typed(strings.Replace(words, " ", " zzzz ", 1) + enter).expect("Word 2 is not of the list. Look again.")
	s.expect("Words: ").typed("nonsense\x15" + words[:strings.LastIndex(words, " ")] + enter).expect("Those are 11 words and not 12.")
	var short []string
	for _, w := range strings.Fields(words) {
		short = append(short, w[:min(4, len(w))])
	}
	s.expect("Words: ").typed(strings.Join(short, "  ") + "x\x7f" + enter)
	check := s.shows(eight, "Type these words on the inviting device:\r\n\r\n    ")
	invite.expect("Words (empty: refuse): ").typed(check + "\n").expect("Device B desk is admitted").ends(0)
	s.expect("records").ends(0)
	sit(t, second, nil, append([]string{"list", "Condition"}, pass...)...).expect("Gout").ends(0)
}

func TestJoiningWithWordsOverAFolder(t *testing.T) {
	dir, first, second, pass := two(t, "folder:DIR/cloud")
	meet(t, first, second, pass, "--place", "folder:"+filepath.Join(dir, "cloud"))
	// The remote is kept: the device syncs by itself.
	sit(t, second, nil, append([]string{"sync"}, pass...)...).expect("ok").ends(0)
}

func TestJoiningWithWordsOverAHost(t *testing.T) {
	state := t.TempDir()
	h, err := startHost(t.Context(), state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer h.end()
	token := filepath.Join(state, "token")
	if err := h.tokenFile(token); err != nil {
		t.Fatal(err)
	}
	_, first, second, pass := two(t, "https://"+h.address, "--pin", h.pin, "--credentials-file", token)
	s := sit(t, first, nil, append([]string{"remote", "list", "--json"}, pass...)...)
	s.ends(0)
	address := regexp.MustCompile(`"url":"([^"]+)"`).FindStringSubmatch(s.text())[1]
	admin, err := host.OpenAdmin(state, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	if h.token, err = admin.Mint(host.Token{Vault: address[strings.LastIndex(address, "/")+1:], Expires: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if err := h.tokenFile(token); err != nil {
		t.Fatal(err)
	}
	meet(t, first, second, pass, "--place", address, "--pin", h.pin, "--credentials-file", token)
	sit(t, second, nil, append([]string{"sync"}, pass...)...).expect("ok").ends(0)
}

func TestWordsThatLeadNowhere(t *testing.T) {
	dir, _, second, pass := two(t, "folder:DIR/cloud")
	place := "folder:" + filepath.Join(dir, "cloud")
	join := func(args ...string) *screen {
		return sit(t, second, nil, append(append([]string{"device", "join", "--words"}, args...), pass...)...)
	}
	words := strings.Fields("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon") // its checksum is "about"
	s := join("--place", place)
	for range triesMost - 1 {
		s.expect("Words: ").typed(strings.Join(words, " ") + enter).expect("do not belong together")
	}
	s.expect("Words: ").typed(strings.Join(words, " ") + enter).expect("device join: not an invitation, or mistyped").ends(2)
	join("--place", place).expect("Words: ").typed("aban\x1b").expect("left with Esc").ends(4)
	join("--place", place).expect("Words: ").typed("\x03").ends(130)
	valid := identity.NewInvitation().Words()
	join().expect("Words: ").typed(valid + enter).expect("The remote's address").typed(place + "x\n").expect("its folder is not there").ends(15)
	join("--place", "https://127.0.0.1:1").expect("Words: ").typed(valid + enter).expect("the vault's part").ends(2)
	if _, err := os.Stat(filepath.Join(dir, "second")); err == nil {
		t.Error("something was made")
	}
}

// The clock goes on by six minutes each time that it is looked at.
func TestWordsCountForTenMinutes(t *testing.T) {
	dir, _, _, pass := two(t, "folder:DIR/cloud")
	clock := time.Now()
	var asked int
	run := func(home, typed string, args ...string) (int, string) {
		ours, theirs, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer ours.Close()
		said := newOverheard()
		env := func(name string) string {
			return map[string]string{"PHIVAULT_HOME": filepath.Join(dir, home), "XDG_STATE_HOME": filepath.Join(dir, "state")}[name]
		}
		a := newApp(os.Stdin, os.Stdout, os.Stderr, env)
		a.out, a.err = demoSink(said), demoSink(said)
		a.keep, a.state, a.ring, a.hardened = true, filepath.Join(dir, "state"), nil, secret.Report{}
		a.now = func() time.Time { asked++; clock = clock.Add(6 * time.Minute); return clock }
		a.openTTY = func() (*terminal, error) { return &terminal{theirs, said}, nil }
		done := make(chan int, 1)
		go func() { done <- a.run(t.Context(), append(append(args, "--no-keyring"), pass...)) }()
		if typed != "" {
			if _, err := said.until("Words: "); err != nil {
				t.Fatal(err)
			}
			if _, err := ours.WriteString(typed); err != nil {
				t.Fatal(err)
			}
		}
		code := <-done
		if a.held != nil {
			a.held.Close(context.Background())
		}
		return code, said.rest()
	}
	code, said := run("second", identity.NewInvitation().Words()+enter, "device", "join", "--words", "--place", "folder:"+filepath.Join(dir, "cloud"))
	if code != 1 || !strings.Contains(said, "nobody came in time") {
		t.Errorf("join: %d, %s", code, said)
	}
	code, said = run("vault", "", "device", "invite", "--words")
	if code != 1 || !strings.Contains(said, "nobody came in time") {
		t.Errorf("invite: %d, %s", code, said)
	}
	if asked == 0 {
		t.Error("nobody looked at the clock")
	}
}
