package cryptvfs

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// event is one change of the disk as the recorder saw it, or a note of the test.
type event struct {
	op   string // write, truncate, sync, sync-folder, rename, remove, note
	path string
	to   string // of a rename
	data []byte
	off  int64 // of a write; size of a truncation
	note int
}

// recorder does what the system's disk does and writes down what that was.
type recorder struct {
	systemDisk
	mu     sync.Mutex
	events []event
}

var _ changes = (*recorder)(nil)

func (r *recorder) add(e event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, e)
}

func (r *recorder) Write(f *os.File, b []byte, off int64) error {
	r.add(event{op: "write", path: f.Name(), data: append([]byte(nil), b...), off: off})
	return r.systemDisk.Write(f, b, off)
}

func (r *recorder) Truncate(f *os.File, size int64) error {
	r.add(event{op: "truncate", path: f.Name(), off: size})
	return r.systemDisk.Truncate(f, size)
}

// Sync does not wait for the real disk.
func (r *recorder) Sync(f *os.File) error {
	op := "sync"
	if st, err := f.Stat(); err == nil && st.IsDir() {
		op = "sync-folder"
	}
	r.add(event{op: op, path: f.Name()})
	return nil
}

func (r *recorder) Rename(from, to string) error {
	r.add(event{op: "rename", path: from, to: to})
	return r.systemDisk.Rename(from, to)
}

func (r *recorder) Remove(path string) error {
	r.add(event{op: "remove", path: path})
	return r.systemDisk.Remove(path)
}

// hastyDisk is the system's without waiting, for checking what is thrown away.
type hastyDisk struct{ systemDisk }

func (hastyDisk) Sync(*os.File) error { return nil }

// sector is the unit that a disk writes whole or not at all.
const sector = 512

// fate says what became of each event that no sync covered.
type fate int

const (
	kept fate = iota
	dropped
	torn // of a write: some sectors kept
)

// crashed rebuilds the files after a power cut behind the first n events. What a
// sync covered is there; for the rest decide is asked. Names behave as POSIX
// allows: a creation, rename or removal is safe once the folder is synced.
func crashed(events []event, n int, decide func(i int) fate, r *rand.Rand) map[string][]byte {
	type inode struct{ content []byte }
	var (
		names, safe = map[string]*inode{}, map[string]*inode{}
		covered     = make([]bool, n)
		bySync      = map[*inode][]int{}
		of          = make([]*inode, n)
	)
	// First pass: which events does a sync cover, and which inode do they touch.
	for i, e := range events[:n] {
		switch e.op {
		case "write", "truncate":
			if names[e.path] == nil {
				names[e.path] = &inode{}
			}
			of[i] = names[e.path]
			bySync[of[i]] = append(bySync[of[i]], i)
		case "sync":
			for _, j := range bySync[names[e.path]] {
				covered[j] = true
			}
			delete(bySync, names[e.path])
		case "sync-failed": // the system takes what it could not write for written
			delete(bySync, names[e.path])
		case "sync-folder":
			clear(safe)
			for p, f := range names {
				safe[p] = f
			}
		case "rename":
			names[e.to] = names[e.path]
			delete(names, e.path)
		case "remove":
			delete(names, e.path)
		}
	}
	for i, e := range events[:n] {
		f := of[i]
		if f == nil {
			continue
		}
		what := kept
		if !covered[i] {
			what = decide(i)
		}
		if what == dropped {
			continue
		}
		if e.op == "truncate" {
			cut := make([]byte, e.off)
			copy(cut, f.content)
			f.content = cut
			continue
		}
		if end := e.off + int64(len(e.data)); end > int64(len(f.content)) {
			f.content = append(f.content, make([]byte, end-int64(len(f.content)))...)
		}
		for from := int64(0); from < int64(len(e.data)); {
			to := min(int64(len(e.data)), from+sector-(e.off+from)%sector)
			if what == kept || r.IntN(2) == 0 {
				copy(f.content[e.off+from:], e.data[from:to])
			}
			from = to
		}
	}
	// Each name is as it is now or as it was at the folder's last sync.
	files := map[string][]byte{}
	all := map[string]bool{}
	for p := range names {
		all[p] = true
	}
	for p := range safe {
		all[p] = true
	}
	for p := range all {
		f := names[p]
		if f != safe[p] && r.IntN(2) == 0 {
			f = safe[p]
		}
		if f != nil {
			files[p] = f.content
		}
	}
	return files
}

// uncovered lists the changes of content before n that no sync covers.
func uncovered(events []event, n int) (open []int) {
	crashed(events, n, func(i int) fate { open = append(open, i); return kept }, rand.New(rand.NewPCG(0, 0)))
	return open
}

// place files of a crash in a folder, by their base names.
func placeFiles(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	old, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range old {
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	for p, b := range files {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(p)), b, fileMode); err != nil {
			t.Fatal(err)
		}
	}
}

func (e event) String() string {
	return fmt.Sprint(e.op, " ", filepath.Base(e.path), " ", e.off, "+", len(e.data), " ", e.note)
}
