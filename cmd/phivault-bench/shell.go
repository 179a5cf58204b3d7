package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// shell is a sqlite3 or sqlcipher program that takes SQL on stdin for the whole
// run. Time is taken outside, over a batch of statements whose results it writes
// to nowhere: neither its start nor the pipe is counted but once a batch.
type shell struct {
	name string
	db   string
	key  string // of sqlcipher, raw, so that no passphrase is derived from
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	said complaint
	n    int
}

// complaint is what a program wrote to stderr, the beginning of it.
type complaint struct {
	mu sync.Mutex
	b  strings.Builder
}

func (c *complaint) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.b.Len() < 400 {
		c.b.Write(p)
	}
	return len(p), nil
}

func (c *complaint) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(strings.Fields(c.b.String()), " ")
}

// startShell starts program, when it is installed, on a new database in dir; else
// it gives nil.
func startShell(ctx context.Context, program, dir string) (*shell, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, nil
	}
	s := &shell{name: program, db: filepath.Join(dir, program+".db")}
	if program == "sqlcipher" {
		s.key = fmt.Sprintf("PRAGMA key=\"x'%x'\";\nPRAGMA cipher_page_size=4096;\n", random(32))
	}
	s.cmd = exec.CommandContext(ctx, path, "-batch", "-init", os.DevNull)
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.cmd.Stderr, s.out = &s.said, bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err = s.run(".open '" + s.db + "'\n" + s.key + tables + session); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// run has the shell do all of sql and gives the milliseconds it took.
func (s *shell) run(sql string) (ms float64, err error) {
	s.n++
	end := fmt.Sprintf("end-%d", s.n)
	ms = timed(func() {
		if _, err = io.WriteString(s.in, ".output "+os.DevNull+"\n"+sql+"\n.output stdout\n.print "+end+"\n"); err != nil {
			return
		}
		for {
			var line string
			if line, err = s.out.ReadString('\n'); err != nil || strings.TrimSpace(line) == end {
				return
			}
		}
	})
	if said := s.said.String(); said != "" {
		return ms, fmt.Errorf("%s: %s", s.name, said)
	}
	if err != nil {
		err = fmt.Errorf("%s ended: %w", s.name, err)
	}
	return ms, err
}

// openings opens the database n times, reading its schema, and gives the mean in
// milliseconds; cold says that the system forgets its pages before each.
func (s *shell) openings(n int, cold bool) (ms float64, err error) {
	for range n {
		if _, err := s.run(".open :memory:"); err != nil {
			return 0, err
		}
		if cold {
			if err := forget(s.db); err != nil {
				return 0, err
			}
		}
		once, err := s.run(".open '" + s.db + "'\n" + s.key + session + "SELECT count(*) FROM record WHERE row<0;")
		if err != nil {
			return 0, err
		}
		ms += once / float64(n)
	}
	return ms, nil
}

// stop ends the program.
func (s *shell) stop() {
	if s == nil {
		return
	}
	s.in.Close()
	_, _ = io.Copy(io.Discard, s.out)
	_ = s.cmd.Wait()
}
