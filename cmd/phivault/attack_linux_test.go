package main

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
)

// Attack 49. Somebody gets hold of a machine with a locked vault and reads the process's
// memory. Precondition: a chart was open, searched, edited, and locked. Expected: before
// the lock the search finds what it looks for, after it neither passphrase nor record
// nor query, in any form, in any readable page. Seen to find records with the lock wiping
// keys and closing the database, without starting the program anew.
func TestAttack49NothingIsLeftAfterTheLock(t *testing.T) {
	// Words that this binary does not hold as constants, as the tests' others are.
	pass, name, diagnosis, query := rand.Text(), "N"+rand.Text()[:11], "D"+rand.Text()[:11], "q"+rand.Text()[:11]
	dir, env := person(t)
	write(t, filepath.Join(dir, "pass"), pass+"\n")
	write(t, filepath.Join(dir, "in.ndjson"), `{"resourceType":"Patient","id":"p1","name":[{"family":"`+name+`"}]}
{"resourceType":"Condition","id":"c1","clinicalStatus":{"text":"active"},"recordedDate":"2024-01-02","code":{"text":"`+diagnosis+`"},"subject":{"reference":"Patient/p1"}}
`)
	sit(t, env, nil, "init", "--passphrase-file", filepath.Join(dir, "pass")).ends(0)
	sit(t, env, nil, "import", filepath.Join(dir, "in.ndjson"), "--passphrase-file", filepath.Join(dir, "pass")).expect("2 new").ends(0)
	s := sit(t, env, nil).looks("This vault is locked.").typed(pass + enter).looks(diagnosis)
	s.typed("/" + query).looks(query).typed("\x1b").looks("›1 Summary")
	words := []string{diagnosis, name, query, pass}
	if open := residue(t, s.cmd.Process.Pid, words); open[diagnosis] == 0 || open[name] == 0 {
		t.Fatal("the search finds nothing in an open vault")
	}
	s.typed("\x0c").looks("The vault was locked.")
	for i, w := range words {
		if n := residue(t, s.cmd.Process.Pid, []string{w})[w]; n > 0 {
			t.Errorf("the %s is in memory %d times after the lock", []string{"diagnosis", "name", "query", "passphrase"}[i], n)
		}
	}
	s.typed(pass + enter).looks(diagnosis).typed("\x03").ends(0)
}

// residue counts words in all that can be read of a process's memory, as UTF-8 and
// as UTF-16.
func residue(t *testing.T, pid int, words []string) map[string]int {
	t.Helper()
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if errors.Is(err, fs.ErrPermission) {
		t.Skip("this user may not read another process's memory, as it should be; run it as root")
	}
	must(t, err)
	defer mem.Close()
	maps, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	must(t, err)
	defer maps.Close()
	found := map[string]int{}
	var buf []byte
	whole := 0
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		var lo, hi int64
		var mode string
		if _, err := fmt.Sscanf(lines.Text(), "%x-%x %s", &lo, &hi, &mode); err != nil || mode[0] != 'r' || strings.Contains(lines.Text(), "[v") {
			continue
		}
		const piece = 8 << 20
		for at := lo; at < hi; at += piece {
			buf = append(buf[:0], make([]byte, min(piece+256, hi-at))...)
			n, _ := mem.ReadAt(buf, at)
			whole += n
			for _, w := range words {
				found[w] += bytes.Count(buf[:n], []byte(w)) + bytes.Count(buf[:n], wide(w))
			}
		}
	}
	if whole < 1<<20 {
		t.Fatalf("only %d bytes could be read", whole)
	}
	return found
}

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return b
}
