package journaltest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// drive carries files between the folders of two machines as cloud drives do: in
// any order, some of them as an empty placeholder or cut short at first, and with
// copies beside them that nobody asked for.
type drive struct {
	t       *testing.T
	folders [2]string
	rng     *rand.Rand
}

// files are a folder's, by their path in it.
func (d *drive) files(dir string) (names []string) {
	check(d.t, filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasSuffix(p, ".partial") {
			var name string
			name, err = filepath.Rel(dir, p)
			names = append(names, name)
		}
		return err
	}))
	return names
}

// carry brings up to n files that one side has whole to the other, with mishaps.
func (d *drive) carry(n int, mishaps bool) (moved int) {
	for side, from := range d.folders {
		to := d.folders[1-side]
		names := d.files(from)
		d.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			b, err := os.ReadFile(filepath.Join(from, name))
			check(d.t, err)
			target := filepath.Join(to, name)
			old, err := os.ReadFile(target)
			if err == nil && len(old) >= len(b) || moved == n {
				continue // there already, or whole over there and not here
			}
			moved++
			check(d.t, os.MkdirAll(filepath.Dir(target), 0o700))
			if mishaps {
				switch d.rng.IntN(5) {
				case 0:
					b = nil
				case 1:
					b = b[:d.rng.IntN(len(b))]
				case 2:
					stray := filepath.Join(filepath.Dir(target), fmt.Sprintf("%s (conflicted copy %d)", filepath.Base(name), moved))
					check(d.t, os.WriteFile(stray, b[:len(b)/2], 0o600))
				}
			}
			check(d.t, os.WriteFile(target, b, 0o600))
		}
	}
	return moved
}

// tolerated are what a folder that is not complete yet may bring.
func tolerated(err error) bool {
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(many.Unwrap(), func(e error) bool { return !tolerated(e) })
	}
	return err == nil || errors.Is(err, journal.ErrUnreadable) || errors.Is(err, journal.ErrWaiting) || errors.Is(err, remote.ErrUnavailable)
}

// Two devices, each with its own copy of a folder that a cloud drive keeps alike:
// whatever arrives first, nothing is lost, nothing is held against anyone, and
// when all has arrived both agree.
func TestTwoDevicesOverACloudDrive(t *testing.T) {
	seeds := 3
	if os.Getenv("PHIVAULT_SLOW") != "" {
		seeds = 60
	}
	for seed := range seeds {
		dir := Scratch(t)
		d := &drive{t, [2]string{filepath.Join(dir, "one"), filepath.Join(dir, "two")}, rand.New(rand.NewPCG(uint64(seed), 1))}
		var sides [2]*folder.Remote
		for i, f := range d.folders {
			r, err := folder.Create(f)
			check(t, err)
			defer r.Close()
			sides[i] = r
		}
		a := Found(t, dir, "a")
		b := Join(t, a, sides[0], dir, "b", segment.RoleMember) // they met once
		devices := [2]*Device{a, b}
		edits := 0
		for step := range 60 {
			side := d.rng.IntN(2)
			switch d.rng.IntN(4) {
			case 0:
				edits++
				devices[side].Add(t, strings.Replace(strings.Replace(pulse, "o1", fmt.Sprint("o", d.rng.IntN(12)), 1), "60", fmt.Sprint(100+edits), 1))
			case 1:
				d.carry(1+d.rng.IntN(4), true)
			default:
				if err := devices[side].Sync(sides[side]); !tolerated(err) {
					t.Fatalf("seed %d, step %d: %v", seed, step, err)
				}
			}
		}
		for range 4 {
			for d.carry(1000, false) > 0 {
			}
			for i, dev := range devices {
				if err := dev.Sync(sides[i]); !tolerated(err) {
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
		}
		for i, dev := range devices {
			check(t, dev.Sync(sides[i]))
			dev.Verify(t)
		}
		if x, y := a.Contents(t), b.Contents(t); x != y || edits > 0 && x == "" {
			t.Fatalf("seed %d: they differ\n%s\n%s", seed, x, y)
		}
		a.Close()
		b.Close()
	}
}
