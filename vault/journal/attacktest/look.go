package attacktest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"

	"phivault/sync/remote"
)

// Trait is one thing that a store was seen to do.
type Trait struct {
	Name   string // stable: "keeps", "absent", "create-only", "race", "listing", "delete"
	State  string // "ok"; "note", that nothing depends on; "problem"
	Detail string // for a person
}

// Look tries what a store does with objects of random bytes under random names in a
// space, and removes them where it may. left is the number of those that stay. The error
// is that of a store that does not answer.
func Look(ctx context.Context, r remote.Remote, space remote.Space) (traits []Trait, left int, err error) {
	l := &look{r: r, space: space, put: map[remote.Name][]byte{}}
	for _, step := range []func(context.Context) error{l.keeps, l.absent, l.createOnly, l.race, l.listing} {
		if err = step(ctx); err != nil {
			break
		}
	}
	return l.traits, l.remove(context.WithoutCancel(ctx), err == nil), err
}

type look struct {
	r      remote.Remote
	space  remote.Space
	put    map[remote.Name][]byte
	traits []Trait
}

func (l *look) say(name, state, detail string) {
	l.traits = append(l.traits, Trait{name, state, detail})
}

func (l *look) name() remote.Name {
	var id [32]byte
	rand.Read(id[:])
	return l.space.Name(id)
}

func (l *look) get(ctx context.Context, n remote.Name) ([]byte, error) {
	body, size, err := l.r.Get(ctx, n)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	b, err := io.ReadAll(io.LimitReader(body, 8<<20))
	if err == nil && int64(len(b)) != size {
		err = remote.Fail("get", n, remote.ErrRefused, "the object is not as long as announced")
	}
	return b, err
}

func (l *look) keeps(ctx context.Context) error {
	for _, size := range []int{1, 4 << 10, 300 << 10} {
		b := make([]byte, size)
		rand.Read(b)
		n := l.name()
		if err := l.r.Put(ctx, n, bytes.NewReader(b), int64(size)); err != nil {
			return err
		}
		l.put[n] = b
		got, err := l.get(ctx, n)
		if err != nil && !errors.Is(err, remote.ErrNotFound) {
			return err
		}
		if !bytes.Equal(got, b) {
			l.say("keeps", "problem", fmt.Sprintf("of %d bytes that were put, others came back", size))
			return nil
		}
	}
	l.say("keeps", "ok", "what was put came back, byte for byte, at once")
	return nil
}

func (l *look) absent(ctx context.Context) error {
	switch _, err := l.get(ctx, l.name()); {
	case errors.Is(err, remote.ErrNotFound):
		l.say("absent", "ok", "it says so when nothing is there")
	case err == nil:
		l.say("absent", "problem", "it has an object under a name that was just drawn")
	default:
		return err
	}
	return nil
}

func (l *look) createOnly(ctx context.Context) error {
	for n, b := range l.put {
		err := l.r.Put(ctx, n, bytes.NewReader([]byte("another")), 7)
		got, gerr := l.get(ctx, n)
		switch {
		case gerr != nil:
			return gerr
		case !bytes.Equal(got, b):
			l.say("create-only", "problem", "a second put replaced the first")
		case !errors.Is(err, remote.ErrExists):
			l.say("create-only", "problem", "a second put was not kept, and not refused either")
		case remote.StrengthOf(l.r) == remote.Exclusive:
			l.say("create-only", "ok", "a name is given once, by the store itself")
		default:
			l.say("create-only", "note", "the store itself does not see to it that a name is given once; the client looks first")
		}
		return nil
	}
	return nil
}

func (l *look) race(ctx context.Context) error {
	const writers = 6
	n := l.name()
	var wg sync.WaitGroup
	errs := make([]error, writers)
	body := func(i int) []byte { return bytes.Repeat([]byte{byte('a' + i)}, 4096) }
	for i := range errs {
		wg.Go(func() { errs[i] = l.r.Put(ctx, n, bytes.NewReader(body(i)), 4096) })
	}
	wg.Wait()
	got, err := l.get(ctx, n)
	if err != nil {
		return err
	}
	l.put[n] = got
	winners := 0
	for i, err := range errs {
		if err == nil {
			winners++
		} else if bytes.Equal(got, body(i)) && errors.Is(err, remote.ErrExists) {
			l.say("race", "note", "of several that put one name at once, the one whose bytes were kept was told that it lost")
			return nil
		}
	}
	whole := len(got) == 4096 && bytes.Count(got, got[:1]) == 4096
	switch {
	case !whole:
		l.say("race", "problem", "what several put at once under one name was mixed")
	case winners == 1:
		l.say("race", "ok", "of several that put one name at once, one was told that it won, and was")
	default:
		l.say("race", "note", fmt.Sprintf("of several that put one name at once, %d were told that they won; a vault has one writer a name", winners))
	}
	return nil
}

func (l *look) listing(ctx context.Context) error {
	const most = 1_000_000
	missing, wrong, n := len(l.put), 0, 0
	for e, err := range remote.List(ctx, l.r, l.space) {
		if errors.Is(err, remote.ErrUnsupported) {
			l.say("listing", "ok", "it lists nothing; nothing needs it to")
			return nil
		}
		if err != nil {
			l.say("listing", "note", "its listing breaks off; nothing depends on it")
			return nil
		}
		if b, ok := l.put[e.Name]; ok {
			missing--
			if int64(len(b)) != e.Size {
				wrong++
			}
		}
		if n++; n == most {
			l.say("listing", "note", "its listing does not end; nothing depends on it")
			return nil
		}
	}
	if missing > 0 || wrong > 0 {
		l.say("listing", "note", fmt.Sprintf("its listing lacks %d of %d objects and has %d of another size; nothing depends on it", missing, len(l.put), wrong))
	} else {
		l.say("listing", "ok", "it lists what was put; nothing depends on it")
	}
	return nil
}

// remove clears what was put, and tells what the store says to that.
func (l *look) remove(ctx context.Context, tell bool) (left int) {
	var last error
	for n := range l.put {
		if err := remote.Delete(ctx, l.r, n); err != nil {
			left, last = left+1, err
		} else if _, err := l.get(ctx, n); !errors.Is(err, remote.ErrNotFound) {
			left, last = left+1, errStays
		}
	}
	switch {
	case !tell:
	case left == 0:
		l.say("delete", "note", "it deletes what its credential asks it to: who has the credential can delete the vault there, and devices will notice")
	case errors.Is(last, remote.ErrUnsupported):
		l.say("delete", "ok", "it only adds: nobody with its credential can delete")
	case errors.Is(last, errStays):
		l.say("delete", "note", "it said that it deleted, and did not")
	default:
		l.say("delete", "ok", "its credential may not delete")
	}
	return left
}

var errStays = errors.New("it is still there")
