package attacktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/vault/journal/segment"
)

// arena is a scratch vault of three devices, a the founder, b a member and c an
// owner, on a store that serves them honestly until a script has it cheat.
type arena struct {
	host    *malicious.Remote
	kept    *keeping
	a, b, c *player
	dir     string
	n       int // of records that were made
}

// newArena makes the vault and has everything at everyone. dir must be empty, and is
// the caller's to remove.
func newArena(ctx context.Context, r remote.Remote, within remote.Space, dir string) (v *arena, err error) {
	v = &arena{kept: &keeping{Remote: r, put: map[remote.Name][]byte{}, within: within}, dir: dir}
	v.host = malicious.New(v.kept)
	defer func() {
		if err != nil {
			err = errors.Join(err, v.close(ctx))
		}
	}()
	for _, p := range []**player{&v.a, &v.b, &v.c} {
		if *p, err = newPlayer(); err != nil {
			return v, err
		}
	}
	if err = v.a.found(); err != nil {
		return v, err
	}
	if err = v.a.open(ctx, filepath.Join(dir, "a")); err != nil {
		return v, err
	}
	if err = v.write(ctx, v.a); err != nil {
		return v, err
	}
	for name, p := range map[string]*player{"b": v.b, "c": v.c} {
		role := uint8(segment.RoleMember)
		if p == v.c {
			role = segment.RoleOwner
		}
		if err = p.join(ctx, v.a, name, role); err != nil {
			return v, err
		}
		if err = p.open(ctx, filepath.Join(dir, name)); err != nil {
			return v, err
		}
	}
	return v, v.settle(ctx)
}

func (v *arena) close(ctx context.Context) (err error) {
	for _, p := range []*player{v.a, v.b, v.c} {
		if p != nil {
			err = errors.Join(err, p.close(ctx))
		}
	}
	return err
}

// settle brings everything to everyone, over a store that is honest again.
func (v *arena) settle(ctx context.Context) error {
	v.host.Honest()
	for _, p := range []*player{v.a, v.b, v.c, v.a, v.b} {
		if err := p.sync(ctx, v.host); err != nil {
			return fmt.Errorf("over an honest store: %w", err)
		}
	}
	return nil
}

// write adds a new record.
func (v *arena) write(ctx context.Context, p *player) error {
	v.n++
	return p.write(ctx, fmt.Sprint("r", v.n), fmt.Sprint("text ", v.n))
}

// news has p write a record and push it; it gives the object that holds it.
func (v *arena) news(ctx context.Context, p *player) (remote.Name, error) {
	if err := errors.Join(v.write(ctx, p), p.sync(ctx, v.host)); err != nil {
		return remote.Name{}, err
	}
	return v.latest(ctx, p)
}

// latest is the object of p's last segment.
func (v *arena) latest(ctx context.Context, p *player) (remote.Name, error) {
	s, err := p.last(ctx, p.log())
	if err != nil {
		return remote.Name{}, err
	}
	return p.name(ctx, s)
}

// errTook is an attack that had an effect.
var errTook = errors.New("the client took it")

// refused syncs p, which must end as one of want, or well if there is none, and leave
// its database as it was. An error that quotes a record is a leak.
func (v *arena) refused(ctx context.Context, p *player, want ...error) error {
	before, err := p.state(ctx)
	if err != nil {
		return err
	}
	got := p.sync(ctx, v.host)
	after, err := p.state(ctx)
	switch {
	case err != nil:
		return err
	case before != after:
		return fmt.Errorf("%w: its database has changed", errTook)
	case got != nil && bytes.Contains([]byte(got.Error()), []byte(mark)):
		return fmt.Errorf("%w: its error quotes a record", errTook)
	case len(want) == 0 && got != nil, len(want) > 0 && !slices.ContainsFunc(want, func(e error) bool { return errors.Is(got, e) }):
		return fmt.Errorf("%w: it says %v", errTook, got)
	}
	return nil
}

// keeping notes what was put, so that it can be removed, searched and put back. Where
// within is set, everything lies there.
type keeping struct {
	remote.Remote
	within remote.Space

	mu  sync.Mutex
	put map[remote.Name][]byte
}

var (
	_ remote.Deleter  = (*keeping)(nil)
	_ remote.Declarer = (*keeping)(nil)
)

// at is where an object lies.
func (k *keeping) at(n remote.Name) remote.Name {
	if k.within.IsZero() || n.IsZero() {
		return n
	}
	moved, err := remote.ParseName(k.within.Path() + "/" + n.Base()[:2] + "/" + n.Base())
	if err != nil {
		panic("attacktest: " + err.Error())
	}
	return moved
}

func (k *keeping) Put(ctx context.Context, n remote.Name, r io.Reader, size int64) error {
	b, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return err
	}
	if err = k.Remote.Put(ctx, k.at(n), bytes.NewReader(b), size); err == nil {
		k.mu.Lock()
		defer k.mu.Unlock()
		k.put[n] = b
	}
	return err
}

func (k *keeping) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	return k.Remote.Get(ctx, k.at(n))
}
func (k *keeping) Delete(ctx context.Context, n remote.Name) error {
	return remote.Delete(ctx, k.Remote, k.at(n))
}
func (k *keeping) Strength() remote.Strength { return remote.StrengthOf(k.Remote) }

// objects is all that was put so far.
func (k *keeping) objects() malicious.Past {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(malicious.Past(k.put))
}

// clear removes what was put, and gives the number of objects that stay.
func (k *keeping) clear(ctx context.Context) (left int) {
	for n := range k.objects() {
		if err := k.Delete(ctx, n); err != nil {
			left++
		}
	}
	return left
}
