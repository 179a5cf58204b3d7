package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/remotetest"
)

func (r *running) check(adopt bool) (host.Report, []host.Problem) {
	r.t.Helper()
	var found []host.Problem
	rep, err := host.Check(r.t.Context(), r.admin, r.store, adopt, func(p host.Problem) { found = append(found, p) })
	if err != nil {
		r.t.Fatal(err)
	}
	return rep, found
}

func (r *running) checkClean() {
	r.t.Helper()
	if _, found := r.check(false); len(found) > 0 {
		r.t.Errorf("%d problems, first %+v", len(found), found[0])
	}
}

func (r *running) file(n remote.Name) string {
	return filepath.Join(r.state, "objects", filepath.FromSlash(n.String()))
}

func TestCheckNamesWhatIsWrongWithTheStore(t *testing.T) {
	r := start(t, nil)
	c := r.member(remotetest.Space(), host.Token{})
	var n [5]remote.Name
	for i := range n {
		n[i] = remotetest.Name()
		remotetest.Put(t, c, n[i], remotetest.Bytes(1000))
	}
	remotetest.Put(t, c, name(remote.Join), []byte("request"))
	r.stop()
	rep, found := r.check(false)
	if len(found) != 0 || rep != (host.Report{Vaults: 1, Objects: 6, Bytes: 5007}) {
		t.Fatalf("%+v, %+v", rep, found)
	}

	flip := func(p string) error {
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		b[500] ^= 1
		return os.WriteFile(p, b, 0o600)
	}
	unrecorded := remotetest.Name()
	remotetest.Put(t, r.store, unrecorded, []byte("from before a power cut"))
	remotetest.Put(t, r.store, name(other()), []byte("nobody's"))
	if err := errors.Join(os.Remove(r.file(n[0])), flip(r.file(n[1])), os.Truncate(r.file(n[2]), 10), os.Truncate(r.file(n[3]), 0),
		os.WriteFile(r.file(n[4])+"~", []byte("x"), 0o600),
		r.admin.Change(remotetest.Space().String(), func(p *host.Policy) { p.Quota = 10 })); err != nil {
		t.Fatal(err)
	}
	_, found = r.check(true)
	var kinds []string
	damage := 0
	for _, p := range found {
		kinds = append(kinds, p.Kind)
		if p.Damage() {
			damage++
		}
	}
	slices.Sort(kinds)
	// The emptied file is unreadable as an object, and a stray as a file.
	want := []string{host.Changed, host.Changed, host.Missing, host.OverQuota, host.Stray, host.Stray, host.Stray, host.Unreadable, host.Unrecorded}
	if !slices.Equal(kinds, want) || damage != 4 {
		t.Errorf("%v with %d of damage, want %v", kinds, damage, want)
	}
	if _, found = r.check(false); slices.ContainsFunc(found, func(p host.Problem) bool { return p.Kind == host.Unrecorded }) {
		t.Error("it was adopted, and is unrecorded again")
	}
}

func TestAHostThatDiedInAPutSettlesItAtTheNextStart(t *testing.T) {
	r := start(t, nil)
	key := newKey(t)
	c := r.client(remotetest.Space(), key)
	if err := c.Register(t.Context(), r.token(host.Token{})); err != nil {
		t.Fatal(err)
	}
	r.stop()
	ledger := filepath.Join(r.state, "vaults", remotetest.Space().String(), "ledger")
	line := func(n remote.Name, b []byte) string {
		return fmt.Sprintf("i %s %d %x 0\n", n, len(b), sha(b))
	}
	came, gone := remotetest.Name(), remotetest.Name()
	remotetest.Put(t, r.store, came, []byte("kept, and not noted"))
	torn := "c v1/" + remotetest.Space().String() + "/aa/a"
	if err := os.WriteFile(ledger, []byte(line(came, []byte("kept, and not noted"))+line(gone, []byte("x"))+torn), 0o600); err != nil {
		t.Fatal(err)
	}
	r.checkClean()
	r.serve("127.0.0.1:0", nil)
	c = r.client(remotetest.Space(), key)
	if b, err := remotetest.Get(t.Context(), c, came); string(b) != "kept, and not noted" {
		t.Errorf("%q, %v", b, err)
	}
	remotetest.Put(t, c, gone, []byte("x"))
	r.stop()
	b, err := os.ReadFile(ledger)
	if err != nil || strings.Contains(string(b), torn+"c") || strings.Count(string(b), "\nc ") != 2 || strings.Count(string(b), "\na ") != 1 {
		t.Errorf("%v\n%s", err, b)
	}
	r.checkClean()
	if vs, err := r.admin.Vaults(); err != nil || vs[0].Objects != 2 {
		t.Errorf("%+v, %v", vs, err)
	}
}

func TestABodyThatBreaksOffLeavesNothing(t *testing.T) {
	r := start(t, nil)
	c := r.member(remotetest.Space(), host.Token{Quota: 2_000_000})
	boom := errors.New("boom")
	for range 5 {
		err := c.Put(t.Context(), remotetest.Name(), io.MultiReader(bytes.NewReader(make([]byte, 500_000)), iotest.ErrReader(boom)), 1_000_000)
		if !errors.Is(err, boom) {
			t.Errorf("%v", err)
		}
	}
	// Their room in the quota comes back. The host may still be noticing.
	for {
		err := c.Put(t.Context(), remotetest.Name(), bytes.NewReader(make([]byte, 2_000_000)), 2_000_000)
		if err == nil {
			break
		}
		if !errors.Is(err, remote.ErrRefused) || t.Context().Err() != nil {
			t.Fatal(err)
		}
	}
	r.stop()
	r.checkClean()
}

func TestStoppingEndsWatchesAndFinishesPuts(t *testing.T) {
	begun := make(chan struct{})
	r := start(t, func(c *host.Config) { c.Store = &announcing{Remote: c.Store, begun: begun} })
	c := r.member(remotetest.Space(), host.Token{})
	watching, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		first := true
		for _, err := range c.Watch(context.Background(), remotetest.Space()) {
			if first {
				first = false
				close(watching)
			}
			if err != nil {
				ended <- err
			}
		}
	}()
	<-watching
	n, stopped := remotetest.Name(), make(chan struct{})
	err := c.Put(t.Context(), n, &slowly{left: 3, between: func(left int) {
		if left == 2 {
			<-begun
			go func() { r.stop(); close(stopped) }()
			<-ended
		}
	}}, 3)
	if err != nil {
		t.Errorf("a put during the stop: %v", err)
	}
	<-stopped
	if b, err := remotetest.Get(t.Context(), r.store, n); string(b) != "xxx" {
		t.Errorf("%q, %v", b, err)
	}
	if _, _, err := c.Get(t.Context(), n); !remote.Retryable(err) {
		t.Errorf("after the stop: %v", err)
	}
	if _, err := host.New(host.Config{State: r.state, Store: r.store}); err != nil {
		t.Errorf("the state folder is still held: %v", err)
	}
}

// announcing says when a put has reached the store.
type announcing struct {
	remote.Remote
	begun chan struct{}
}

func (a *announcing) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	close(a.begun)
	return a.Remote.Put(ctx, n, src, size)
}

func (a *announcing) Strength() remote.Strength { return remote.Exclusive }

// slowly gives single bytes.
type slowly struct {
	left    int
	between func(left int)
}

func (s *slowly) Read(p []byte) (int, error) {
	s.between(s.left)
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	p[0] = 'x'
	return 1, nil
}

func TestOneProcessServesAStateFolder(t *testing.T) {
	r := start(t, nil)
	if _, err := host.New(host.Config{State: r.state, Store: r.store}); !errors.Is(err, host.ErrInUse) {
		t.Errorf("a second host: %v", err)
	}
}

func TestADyingConnectionIsReplaced(t *testing.T) {
	r := start(t, nil)
	key := newKey(t)
	c := r.client(remotetest.Space(), key)
	if err := c.Register(t.Context(), r.token(host.Token{})); err != nil {
		t.Fatal(err)
	}
	n := remotetest.Name()
	remotetest.Put(t, c, n, []byte("x"))
	address := r.address
	r.stop()
	r.serve(address, nil)
	if _, err := remotetest.Get(t.Context(), c, n); err != nil && !remote.Retryable(err) {
		t.Errorf("first: %v", err)
	}
	if _, err := remotetest.Get(t.Context(), c, n); err != nil {
		t.Errorf("second: %v", err)
	}
}
