package attacktest

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
	"testing"

	"phivault/crypto/identity"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/journal/journaltest"
	"phivault/vault/journal/segment"
)

var ctx = context.Background()

// host is a remote that does as the test says.
type host struct {
	mu       sync.Mutex
	objects  map[remote.Name][]byte
	serve    func(remote.Name, []byte) []byte // may be nil; nil result: not there
	requests int
}

func newHost() *host { return &host{objects: map[remote.Name][]byte{}} }

func (h *host) Put(_ context.Context, n remote.Name, r io.Reader, _ int64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests++
	if h.objects[n] != nil {
		return remote.Fail("put", n, remote.ErrExists, "")
	}
	b, err := io.ReadAll(r)
	h.objects[n] = b
	return err
}

func (h *host) Get(_ context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.requests++
	b := h.objects[n]
	if h.serve != nil {
		b = h.serve(n, b)
	}
	if b == nil {
		return nil, 0, remote.Fail("get", n, remote.ErrNotFound, "")
	}
	return io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
}

func (h *host) Close() error { return nil }

// only serves other bytes for one name; nil hides it.
func (h *host) only(n remote.Name, b []byte) {
	h.serve = func(m remote.Name, real []byte) []byte {
		if m == n {
			return b
		}
		return real
	}
}

func (h *host) copy() map[remote.Name][]byte { return maps.Clone(h.objects) }

// world is a vault of three devices: a founded it, b is a member, c an owner.
type world struct {
	t       *testing.T
	host    *host
	a, b, c *journaltest.Device
	dir     string
}

const canary = "Zebrafisch-Syndrom"

func note(id string, text any) string {
	return fmt.Sprintf(`{"resourceType":"Condition","id":"%s","code":{"text":"%s %v"}}`, id, canary, text)
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, host: newHost(), dir: journaltest.Scratch(t)}
	w.a = journaltest.Found(t, w.dir, "a")
	t.Cleanup(func() { w.a.Close() })
	w.a.Add(t, note("x", 1))
	w.b = journaltest.Join(t, w.a, w.host, w.dir, "b", segment.RoleMember)
	t.Cleanup(func() { w.b.Close() })
	w.c = journaltest.Join(t, w.a, w.host, w.dir, "c", segment.RoleOwner)
	t.Cleanup(func() { w.c.Close() })
	w.sync(w.a, w.b, w.c, w.a, w.b, w.c)
	return w
}

func (w *world) sync(ds ...*journaltest.Device) {
	w.t.Helper()
	for _, d := range ds {
		if err := d.Sync(w.host); err != nil {
			w.t.Fatalf("%s: %v", d.Name, err)
		}
	}
}

// refuses syncs d and expects the error, and the database as it was.
func (w *world) refuses(d *journaltest.Device, want error) {
	w.t.Helper()
	before := d.Logical(w.t)
	err := d.Sync(w.host)
	if want == nil && err != nil || want != nil && !errors.Is(err, want) {
		w.t.Fatalf("%s: %v, want %v", d.Name, err, want)
	}
	if err != nil && strings.Contains(err.Error(), canary) {
		w.t.Errorf("content in an error: %v", err)
	}
	if d.Logical(w.t) != before {
		w.t.Errorf("%s: the database changed", d.Name)
	}
}

// setsAside syncs d and expects what is new to be kept without effect.
func (w *world) setsAside(d *journaltest.Device) {
	w.t.Helper()
	before := d.Effects(w.t)
	w.sync(d)
	if d.Effects(w.t) != before {
		w.t.Errorf("%s: it had an effect", d.Name)
	}
	d.Verify(w.t)
}

func log(d *journaltest.Device) vault.LogID { return vault.LogID{Device: d.Keys.ID()} }

// last is the last segment of of's log, as d has it.
func (w *world) last(d, of *journaltest.Device) *segment.Segment {
	w.t.Helper()
	places, err := d.Store.Places(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range places {
		if p.Log == log(of) {
			return w.segment(d, p.Log, p.Seq)
		}
	}
	w.t.Fatalf("%s has nothing of %s", d.Name, of.Name)
	return nil
}

func (w *world) segment(d *journaltest.Device, log vault.LogID, seq uint64) *segment.Segment {
	w.t.Helper()
	l, err := d.Store.Segment(ctx, log, seq)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := segment.FromLedger(l)
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// keys gives an epoch's keys as a device has them: a member's real ones.
func (w *world) keys(d *journaltest.Device, id segment.EpochID) *segment.Keys {
	w.t.Helper()
	for _, e := range d.Epochs() {
		if e.ID == id {
			k, err := segment.NewKeys(id, e.Key)
			if err != nil {
				w.t.Fatal(err)
			}
			return k
		}
	}
	b, err := d.Store.State(ctx, "epoch/"+hex.EncodeToString(id[:]))
	if err != nil || b == nil {
		w.t.Fatalf("%s has no key for the epoch: %v", d.Name, err)
	}
	key, err := d.Keys.Unwrap(identity.Wrapping{VaultID: d.VaultID(), Writer: [16]byte(b), Recipient: d.Keys.ID(), Epoch: id}, b[16:])
	if err != nil {
		w.t.Fatal(err)
	}
	k, err := segment.NewKeys(id, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

func (w *world) name(d *journaltest.Device, s *segment.Segment) remote.Name {
	return segment.Space(d.VaultID()).Name(w.keys(d, s.Epoch).SegmentName(s.Place.Log, s.Place.Seq))
}

// forge puts a next segment of by's log at the host, made with its real keys. It
// is what an honest client would write, but for what change does to it.
func (w *world) forge(by *journaltest.Device, bodies [][]byte, change func(*segment.Segment)) remote.Name {
	w.t.Helper()
	return w.forgeAfter(by, w.last(by, by), bodies, change)
}

// forgeAfter is forge behind any segment of the log.
func (w *world) forgeAfter(by *journaltest.Device, l *segment.Segment, bodies [][]byte, change func(*segment.Segment)) remote.Name {
	w.t.Helper()
	s := &segment.Segment{VaultID: by.VaultID(), Place: vault.Place{Log: l.Place.Log, Seq: l.Place.Seq + 1}, Prev: l.Place.Hash,
		Epoch: l.Next, Next: l.Next, Clock: l.Clock}
	k := w.keys(by, s.Epoch)
	n := segment.Space(by.VaultID()).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	change(s)
	if s.Signature == [64]byte{} {
		s.Sign(by.Keys)
	}
	object, err := segment.Seal(s, bodies, by.VaultID(), k, n)
	if err != nil {
		w.t.Fatal(err)
	}
	w.host.objects[n] = object
	return n
}

// packed is a payload as it is stored without compression.
func packed(p []byte) []byte { return append([]byte{0}, p...) }
