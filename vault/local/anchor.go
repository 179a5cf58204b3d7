package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"phivault/vault"
	"phivault/vault/store"
)

// An anchor is what this device remembers of a database outside of it: how far
// its own log had come. A database that lacks the anchored entry was put back.
//
// Copies of a vault made by Restore go their own ways on one device, so each
// database has an instance, random and kept inside it, and anchors of up to
// anchorsKept instances lie in one item. Losing one is losing a check, not data.
type anchor struct {
	instance string // 32 hex digits
	head     store.Head
}

const (
	anchorMagic  = "phivault-anchor 1"
	anchorsKept  = 8 // about 120 bytes each, within MaxKeyringValue
	instanceSize = 16
)

// ErrOlder is a database that lacks what this device remembers of it; opening
// with Options.AcceptOlder goes on from it.
var ErrOlder = fmt.Errorf("%w: the database is older than what this device remembers of it, or is another copy", vault.ErrIntegrity)

var errAnchor = errors.New("the anchor is not readable")

func newInstance() string {
	var b [instanceSize]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// formatAnchors writes one line for the format and one an anchor: instance,
// entry, chain.
func formatAnchors(list []anchor) string {
	var b strings.Builder
	b.WriteString(anchorMagic + "\n")
	for _, a := range list {
		fmt.Fprintf(&b, "%s %d %s\n", a.instance, a.head.Entry, vault.Hash(a.head.Chain))
	}
	return b.String()
}

// parseAnchors reads what formatAnchors wrote and nothing else.
func parseAnchors(s string) ([]anchor, error) {
	// Keyrings may hand text back without its last line break.
	if len(s) > MaxKeyringValue {
		return nil, errAnchor
	}
	lines := strings.Split(strings.TrimSuffix(s, "\n"), "\n")
	if lines[0] != anchorMagic || len(lines) > 1+anchorsKept {
		return nil, errAnchor
	}
	var list []anchor
	for _, line := range lines[1:] {
		f := strings.Split(line, " ")
		if len(f) != 3 {
			return nil, errAnchor
		}
		a := anchor{instance: f[0]}
		id, err := hex.DecodeString(f[0])
		entry, err2 := strconv.ParseInt(f[1], 10, 64)
		chain, err3 := hex.DecodeString(f[2])
		if first(err, err2, err3) != nil || len(id) != instanceSize || len(chain) != len(a.head.Chain) || entry < 1 {
			return nil, errAnchor
		}
		a.head.Entry, a.head.Chain = entry, vault.Chain(chain)
		list = append(list, a)
	}
	if formatAnchors(list) != strings.TrimSuffix(s, "\n")+"\n" {
		return nil, errAnchor
	}
	return list, nil
}

// with puts a first and drops an older anchor of its instance.
func with(list []anchor, a anchor) []anchor {
	out := []anchor{a}
	for _, b := range list {
		if b.instance != a.instance && len(out) < anchorsKept {
			out = append(out, b)
		}
	}
	return out
}

// place is where anchors lie.
type place interface {
	// load gives what lies there; ErrNoItem when nothing does.
	load(ctx context.Context) (string, error)
	save(ctx context.Context, s string) error
}

type keyringPlace struct {
	k    Keyring
	name string
}

// anchorWait is how long a keyring may take over an anchor. Opening waits for
// it, and unlike a device secret it can be done without.
const anchorWait = 5 * time.Second

func (p keyringPlace) load(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, anchorWait)
	defer cancel()
	return p.k.Get(ctx, p.name)
}

func (p keyringPlace) save(ctx context.Context, s string) error {
	ctx, cancel := context.WithTimeout(ctx, anchorWait)
	defer cancel()
	return p.k.Set(ctx, p.name, s)
}

type filePlace struct{ path string }

func (p filePlace) load(context.Context) (string, error) {
	f, err := openPlain(p.path, os.O_RDONLY)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", ErrNoItem
	case errors.Is(err, errNotPlain):
		return "", errAnchor
	case err != nil:
		return "", err
	}
	defer f.Close()
	// One byte more than parseAnchors takes.
	b, err := io.ReadAll(io.LimitReader(f, MaxKeyringValue+1))
	return string(b), err
}

// save replaces the file. It is not synced: after a power cut an older anchor is
// as good, and an empty one is a notice.
func (p filePlace) save(_ context.Context, s string) error {
	if err := os.MkdirAll(filepath.Dir(p.path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(p.path), ".anchor-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(s)
	if err = first(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), p.path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

var (
	_ place = keyringPlace{}
	_ place = filePlace{}
)
