package attacktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/malicious"
	"phivault/vault"
	"phivault/vault/journal"
	"phivault/vault/journal/segment"
)

// attack is one class of the threat model's list as a script. It gives nil where the
// client held, errTook where it did not, and any other error where the store failed.
type attack struct {
	number int
	does   string // what the attacker does, for a person
	run    func(ctx context.Context, v *arena) error
}

// attacks are in an order in which each leaves the vault fit for the next: a removal
// and a fork are for ever.
var attacks = []attack{
	{37, "look for records in everything that was uploaded, names included", canaries},
	{38, "tell records apart by the sizes of their objects", sizes},
	{8, "change bits of an object", flippedBits},
	{10, "count the requests that a damaged object causes", noRequest},
	{11, "serve one object in place of another", servedAsAnother},
	{12, "sign an object for another vault", anotherVault},
	{15, "cut an object short, and append to it", truncated},
	{16, "push an object that no log leads to", unnamed},
	{17, "sign as somebody who is no member", unsigned},
	{18, "lie about an object's size", sized},
	{29, "list names falsely, for ever", listed},
	{33, "ask to join without an invitation", unsolicited},
	{26, "withhold an object in the middle", withheld},
	{19, "take one object back, and serve an older one for it", older},
	{20, "put yesterday's whole store back", yesterday},
	{30, "delete everything", deleted},
	{36, "withhold a removal from a third device", removalWithheld},
	{34, "read on as a removed device", readsOn},
	{35, "write on as a removed device", writesOn},
	{23, "show devices two histories, then let one entry cross", forked},
}

func canaries(ctx context.Context, v *arena) error {
	if _, err := v.news(ctx, v.b); err != nil {
		return err
	}
	id := v.a.id()
	for n, b := range v.kept.objects() {
		for _, s := range [][]byte{[]byte(mark), []byte("resourceType"), id[:]} {
			if bytes.Contains(b, s) || bytes.Contains([]byte(n.String()), s) {
				return fmt.Errorf("%w: %s can be read", errTook, n)
			}
		}
	}
	return nil
}

func sizes(ctx context.Context, v *arena) error {
	if _, err := v.news(ctx, v.b); err != nil {
		return err
	}
	for n, b := range v.kept.objects() {
		if !slices.Contains([]int{4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20}, len(b)) {
			return fmt.Errorf("%w: %s has %d bytes, which is no bucket", errTook, n, len(b))
		}
	}
	return v.settle(ctx)
}

// spoiled runs a change of b's newest object, which a has not seen.
func spoiled(ctx context.Context, v *arena, want error, changes ...func([]byte) []byte) error {
	n, err := v.news(ctx, v.b)
	if err != nil {
		return err
	}
	for _, change := range changes {
		v.host.Alter(n, change)
		if err := v.refused(ctx, v.a, want); err != nil {
			return err
		}
	}
	return v.settle(ctx)
}

func flippedBits(ctx context.Context, v *arena) error {
	var flips []func([]byte) []byte
	for _, at := range []int{0, 9, 17, 50, 81, 300, -1} {
		flips = append(flips, func(b []byte) []byte {
			b = bytes.Clone(b)
			b[(at+len(b))%len(b)] ^= 4
			return b
		})
	}
	return spoiled(ctx, v, journal.ErrUnreadable, flips...)
}

func truncated(ctx context.Context, v *arena) error {
	return spoiled(ctx, v, journal.ErrUnreadable,
		func(b []byte) []byte { return b[:len(b)-1] }, func(b []byte) []byte { return b[:80] },
		func(b []byte) []byte { return append(bytes.Clone(b), b[80:]...) })
}

func noRequest(ctx context.Context, v *arena) error {
	count := func() int {
		before := len(v.host.Calls())
		_ = v.a.sync(ctx, v.host)
		return len(v.host.Calls()) - before
	}
	if err := v.settle(ctx); err != nil {
		return err
	}
	idle := count()
	n, _, err := v.b.next(ctx, nil, nil)
	if err != nil {
		return err
	}
	v.host.Serve(n, bytes.Repeat([]byte{7}, 4096))
	if got := count(); got != idle {
		return fmt.Errorf("%w: %d requests, otherwise %d", errTook, got, idle)
	}
	return v.settle(ctx)
}

func servedAsAnother(ctx context.Context, v *arena) error {
	old, err := v.latest(ctx, v.a)
	if err != nil {
		return err
	}
	other := v.kept.objects()[old]
	return spoiled(ctx, v, journal.ErrUnreadable, func([]byte) []byte { return other })
}

// served shows an object that b made with its real keys, as the next of its log.
func served(ctx context.Context, v *arena, change, sign func(*segment.Segment), want ...error) error {
	n, object, err := v.b.next(ctx, change, sign)
	if err != nil {
		return err
	}
	v.host.Serve(n, object)
	if err := v.refused(ctx, v.a, want...); err != nil {
		return err
	}
	return v.settle(ctx)
}

func anotherVault(ctx context.Context, v *arena) error {
	return served(ctx, v, func(s *segment.Segment) { s.VaultID[0] ^= 1 }, nil, journal.ErrForged)
}

func unsigned(ctx context.Context, v *arena) error {
	stranger, err := identity.NewDevice(bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32))
	if err != nil {
		return err
	}
	for _, d := range []*identity.Device{stranger, v.c.keys} {
		if err := served(ctx, v, nil, func(s *segment.Segment) { s.Sign(d) }, journal.ErrForged); err != nil {
			return err
		}
	}
	return nil
}

func unnamed(ctx context.Context, v *arena) error {
	l, err := v.b.last(ctx, v.b.log())
	if err != nil {
		return err
	}
	k, err := v.b.epoch(ctx, l.Next)
	if err != nil {
		return err
	}
	s := &segment.Segment{VaultID: v.b.id(), Place: vault.Place{Log: l.Place.Log, Seq: l.Place.Seq + 50}, Epoch: l.Next, Next: l.Next}
	s.Sign(v.b.keys)
	n := segment.Space(v.b.id()).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	object, err := segment.Seal(s, nil, v.b.id(), k, n)
	if err != nil {
		return err
	}
	v.host.Serve(n, object)
	if err := v.refused(ctx, v.a); err != nil {
		return err
	}
	return v.settle(ctx)
}

func sized(ctx context.Context, v *arena) error {
	n, err := v.news(ctx, v.b)
	if err != nil {
		return err
	}
	for _, size := range []int64{1, 1 << 20, 1 << 40} {
		v.host.Announce(n, size)
		if err := v.refused(ctx, v.a, journal.ErrUnreadable, remote.ErrUnavailable, remote.ErrRefused, remote.ErrTooLarge); err != nil {
			return err
		}
	}
	return v.settle(ctx)
}

func listed(ctx context.Context, v *arena) error {
	v.host.ListFalsely(malicious.Endless(segment.Space(v.a.id())))
	before := len(v.host.Calls())
	if err := v.refused(ctx, v.a); err != nil {
		return err
	}
	for _, c := range v.host.Calls()[before:] {
		if c.Op == "list" {
			return fmt.Errorf("%w: it asked for a listing", errTook)
		}
	}
	return v.settle(ctx)
}

func unsolicited(_ context.Context, v *arena) error {
	i := identity.NewInvitation()
	n, key := journal.RequestName(i), identity.Invitation{}.RequestKey() // a host knows what is asked for, and no invitation
	defer key.Destroy()
	plain := segment.Request{Public: v.b.keys.Public(), Name: "stranger", Nonce: [32]byte{1}}.Encode()
	object, err := seal.Seal(plain, key, seal.Context{Kind: seal.KindRequest, Name: n.String()}, seal.Buckets)
	if err != nil {
		return err
	}
	e := engine.Envelope{Name: n, Size: int64(len(object)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(object)), nil }}
	if c, err := v.a.journal.Candidate(i, e); !errors.Is(err, journal.ErrUnreadable) || c != nil {
		return fmt.Errorf("%w: the request would be shown", errTook)
	}
	return nil
}

func withheld(ctx context.Context, v *arena) error {
	if _, err := v.news(ctx, v.c); err != nil {
		return err
	}
	if err := v.a.sync(ctx, v.host); err != nil {
		return err
	}
	n, err := v.news(ctx, v.c)
	if err != nil {
		return err
	}
	if err := errors.Join(v.b.sync(ctx, v.host), v.write(ctx, v.b), v.b.sync(ctx, v.host)); err != nil {
		return err
	}
	v.host.Hide(n)
	if err := v.refused(ctx, v.a, journal.ErrWaiting, nil); err != nil {
		return err
	}
	st, err := v.a.journal.Status(ctx)
	if err != nil {
		return err
	}
	if len(st.Held) == 0 {
		return fmt.Errorf("%w: what cites the missing object is not held", errTook)
	}
	return v.settle(ctx)
}

func older(ctx context.Context, v *arena) error {
	n, err := v.news(ctx, v.c)
	if err != nil {
		return err
	}
	if err := v.a.sync(ctx, v.host); err != nil {
		return err
	}
	first, err := v.latest(ctx, v.a)
	if err != nil {
		return err
	}
	stale := v.kept.objects()[first]
	for _, b := range [][]byte{nil, stale} {
		v.host.Alter(n, func([]byte) []byte { return b })
		if err := v.refused(ctx, v.a, journal.ErrGone); err != nil {
			return err
		}
	}
	return v.settle(ctx)
}

func yesterday(ctx context.Context, v *arena) error {
	past := v.kept.objects()
	if _, err := v.news(ctx, v.c); err != nil {
		return err
	}
	if err := errors.Join(v.a.sync(ctx, v.host), v.b.sync(ctx, v.host)); err != nil {
		return err
	}
	v.host.Replay(past)
	for _, p := range []*player{v.a, v.b, v.c} {
		if err := v.refused(ctx, p, journal.ErrGone); err != nil {
			return err
		}
	}
	return v.settle(ctx)
}

func deleted(ctx context.Context, v *arena) error {
	v.host.Replay(malicious.Past{})
	if err := v.refused(ctx, v.a, journal.ErrGone); err != nil {
		return err
	}
	return v.settle(ctx)
}

func removalWithheld(ctx context.Context, v *arena) error {
	if err := errors.Join(v.a.journal.Remove(ctx, v.b.keys.ID()), v.a.sync(ctx, v.host)); err != nil {
		return err
	}
	n, err := v.latest(ctx, v.a)
	if err != nil {
		return err
	}
	if _, err := v.news(ctx, v.a); err != nil {
		return err
	}
	v.host.Hide(n)
	if err := v.refused(ctx, v.c); err != nil {
		return err
	}
	if err := v.c.journal.CheckCode(ctx, v.a.journal.Code()); !errors.Is(err, journal.ErrWaiting) {
		return fmt.Errorf("%w: the codes say nothing", errTook)
	}
	v.host.Honest()
	return errors.Join(v.c.sync(ctx, v.host), v.a.sync(ctx, v.host))
}

func readsOn(ctx context.Context, v *arena) error {
	if _, err := v.news(ctx, v.a); err != nil {
		return err
	}
	l, err := v.a.last(ctx, v.a.log())
	if err != nil {
		return err
	}
	_ = v.b.sync(ctx, v.host)
	if _, err := v.b.epoch(ctx, l.Epoch); err == nil {
		return fmt.Errorf("%w: the removed device has the new key", errTook)
	}
	return nil
}

func writesOn(ctx context.Context, v *arena) error {
	n, object, err := v.b.next(ctx, nil, nil)
	if err != nil {
		return err
	}
	before, err := v.a.effects(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(v.host.Put(ctx, n, bytes.NewReader(object), int64(len(object))), v.a.sync(ctx, v.host)); err != nil {
		return err
	}
	after, err := v.a.effects(ctx)
	if err != nil {
		return err
	}
	st, err := v.a.journal.Status(ctx)
	switch {
	case err != nil:
		return err
	case before != after:
		return fmt.Errorf("%w: it has an effect", errTook)
	case st.Quarantined == 0:
		return fmt.Errorf("%w: it is not set aside", errTook)
	}
	return nil
}

func forked(ctx context.Context, v *arena) error {
	n, first, err := v.c.next(ctx, func(s *segment.Segment) { s.Clock = time.UnixMilli(1) }, nil)
	if err != nil {
		return err
	}
	_, second, err := v.c.next(ctx, func(s *segment.Segment) { s.Clock = time.UnixMilli(2) }, nil)
	if err != nil {
		return err
	}
	v.host.Serve(n, first)
	if err := v.a.sync(ctx, v.host); err != nil {
		return err
	}
	v.host.Serve(n, second)
	return v.refused(ctx, v.a, journal.ErrFork)
}
