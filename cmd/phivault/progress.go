package main

import (
	"fmt"
	"strings"
	"sync"
	"time"
)

// progress shows how far long work is, on one line of a terminal that it takes
// away at the end. Without a terminal, with --quiet or on a dumb one it is silent.
type progress struct {
	out   *sink
	now   func() time.Time
	what  string
	begun time.Time
	mu    sync.Mutex
	shown time.Time
	drawn bool
}

const (
	progressAfter = 300 * time.Millisecond // what is done by then needs none
	progressEvery = 100 * time.Millisecond // keeps drawing from costing anything
)

func (a *app) progress(what string) *progress {
	p := &progress{out: a.err, now: a.now, what: what, begun: a.now()}
	if a.g.quiet || !a.err.tty || a.err.dumb {
		p.out = nil
	}
	return p
}

// amounts are what a step has done so far; zero fields are not shown.
type amounts struct {
	items, bytes int64
	done, total  int64 // of the same unit, for the time left
}

func (p *progress) show(n amounts) {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.begun) < progressAfter || p.drawn && now.Sub(p.shown) < progressEvery {
		return
	}
	p.shown, p.drawn = now, true
	line := p.line(n, now.Sub(p.begun))
	if p.out.cols > 1 {
		line = strings.TrimRight(fit(line, p.out.cols-1, false), " ")
	}
	p.out.Write([]byte("\r" + line + "\x1b[K"))
	p.out.flush()
}

func (p *progress) line(n amounts, took time.Duration) string {
	parts := []string{p.what}
	if n.total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", min(100, n.done*100/n.total)))
	}
	if n.items > 0 {
		parts = append(parts, count(n.items, "record", "records"))
	}
	if n.bytes > 0 {
		parts = append(parts, sizeText(n.bytes))
	}
	if s := took.Seconds(); s >= 1 {
		if n.items > 0 {
			parts = append(parts, fmt.Sprintf("%.0f/s", float64(n.items)/s))
		}
		if left := timeLeft(n.done, n.total, took); left > 0 {
			parts = append(parts, left.String()+" left")
		}
	}
	return strings.Join(parts, "  ")
}

// timeLeft extrapolates; 0 while there is too little to go by.
func timeLeft(done, total int64, took time.Duration) time.Duration {
	if done <= 0 || total <= done || took < time.Second {
		return 0
	}
	return time.Duration(float64(took) / float64(done) * float64(total-done)).Round(time.Second)
}

// end takes the line away.
func (p *progress) end() {
	if p.out == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn {
		p.out.Write([]byte("\r\x1b[K"))
		p.out.flush()
	}
}

// sizeText is a size for people: powers of 1024, at most three digits.
func sizeText(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, u := float64(n), 0
	for f >= 1000 && u < len(units)-1 {
		f /= 1024
		u++
	}
	if u == 0 || f >= 100 {
		return fmt.Sprintf("%.0f %s", f, units[u])
	}
	return fmt.Sprintf("%.1f %s", f, units[u])
}
