package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"phivault/sync/remote"
	"phivault/vault/journal"
	"phivault/vault/journal/attacktest"
	"phivault/vault/journal/segment"
	"phivault/vault/local"
)

// hostileDoctor looks at what a remote does, and with hostile plays the attacks of the
// threat model over it, in a scratch vault of throwaway keys.
func (a *app) hostileDoctor(ctx context.Context, s *session, name string, hostile bool) error {
	list, err := s.chosen(ctx, []string{name})
	if err != nil {
		return err
	}
	r := list[0]
	c, err := openRemote(r)
	if err != nil {
		return because(err, r.Name)
	}
	c = patient(c)
	defer c.Close()
	t := newTable(a.out, column{title: "CHECK"}, column{title: "STATE"}, column{title: "DETAIL"}, column{title: "ADVICE"})
	bad := 0
	say := func(f finding) error {
		f.Schema = "phivault.doctor.v1"
		if f.State == "problem" {
			bad++
		}
		if a.g.json {
			return a.emit(f)
		}
		return t.row(f.Check, f.State, f.Detail, f.Advice)
	}
	for _, f := range secured(ctx, r) {
		if err := say(f); err != nil {
			return err
		}
	}
	// A space of its own; our host gives its members none but their vault's.
	within := remote.Space{}
	if p, err := parsePlace(r.URL); err == nil && p.kind == placeHost {
		within = segment.Space(s.ID())
	}
	space := within
	if space.IsZero() {
		var tag [10]byte
		rand.Read(tag[:])
		space = remote.VaultSpace(tag)
	}
	traits, left, err := attacktest.Look(ctx, c, space)
	for _, x := range traits {
		f := finding{Check: "store-" + x.Name, State: x.State, Detail: x.Detail}
		if x.State == "problem" {
			f.Advice = "do not use it: a store has to keep what it was given"
		}
		if err := say(f); err != nil {
			return err
		}
	}
	if err == nil && hostile {
		var more int
		more, err = a.attack(ctx, c, within, say)
		left += more
		if ctx.Err() == nil && outOfOrder(err) {
			err = say(finding{Check: "attacks", State: "problem", Detail: "no vault can be shared over it, so none was tried: it does not give back what it was given",
				Advice: "the lines above say what it does; do not use it"})
		}
	}
	if err != nil {
		return errors.Join(t.close(), because(err, r.Name))
	}
	for _, f := range leftovers(left, r.URL) {
		if err := say(f); err != nil {
			return err
		}
	}
	if err := t.close(); err != nil {
		return err
	}
	if bad > 0 {
		return &fault{code: "integrity", why: itoa(int64(bad)) + " of the checks did not hold", hint: "the lines above say which, and what to do"}
	}
	return nil
}

// outOfOrder reports whether a sync failed for what a store gave, and not because it
// gave nothing.
func outOfOrder(err error) bool {
	return slices.ContainsFunc([]error{journal.ErrUnreadable, journal.ErrForged, journal.ErrFork, journal.ErrGone, journal.ErrWaiting},
		func(e error) bool { return errors.Is(err, e) })
}

// leftovers tells what stays at a remote of what was put there.
func leftovers(objects int, url string) (all []finding) {
	if objects > 0 {
		all = append(all, finding{Check: "leftovers", State: "note", Detail: count(objects, "object of random bytes or throwaway keys stays", "objects of random bytes or throwaway keys stay") + " there",
			Advice: "they tell nothing; whoever runs the store can remove them"})
	}
	if p, err := parsePlace(url); err == nil && p.kind == placeWebDAV {
		// To delete a collection deletes whatever somebody else put into it meanwhile.
		all = append(all, finding{Check: "leftovers", State: "note", Detail: "empty folders stay there, below v1", Advice: "they tell nothing, and can be removed"})
	}
	return all
}

// attack plays the scripts. Where one did not hold because the store failed, that is
// said of the store.
func (a *app) attack(ctx context.Context, c remote.Remote, within remote.Space, say func(finding) error) (left int, err error) {
	dir, err := os.MkdirTemp("", "phivault-scratch-")
	if err != nil {
		return 0, because(err, "the scratch folder")
	}
	defer os.RemoveAll(dir)
	var serr error
	p := a.progress("attacking")
	left, err = attacktest.Run(ctx, c, within, dir, func(r attacktest.Result) {
		f := finding{Check: fmt.Sprintf("attack-%02d", r.Number), State: "ok", Detail: r.Does + ": it held"}
		switch {
		case r.Err != nil:
			f.State, f.Detail, f.Advice = "problem", r.Does+": the store failed, so nothing is known: "+reason(r.Err), "see what the store does, and try again"
		case !r.Held:
			f.State, f.Detail, f.Advice = "problem", r.Does+": "+reason(errors.New(r.Why)), "do not sync with this program; report it as SECURITY.md says"
		}
		if serr == nil {
			serr = say(f)
		}
	})
	p.end()
	return left, errors.Join(err, serr)
}

// secured says how the way to a network place is kept.
func secured(ctx context.Context, r local.Remote) (all []finding) {
	p, err := parsePlace(r.URL)
	if err != nil || p.kind == placeFolder {
		return nil
	}
	add := func(check, state, detail, advice string) {
		all = append(all, finding{Check: check, State: state, Detail: detail, Advice: advice})
	}
	address := p.url.Host
	if p.url.Port() == "" {
		address = net.JoinHostPort(p.url.Hostname(), "443")
	}
	var h remote.HTTP
	if r.Pin != "" {
		if h.Pin, err = remote.ParsePin(r.Pin); err != nil {
			return nil
		}
	}
	state, err := handshake(ctx, address, h.TLS())
	if err != nil {
		if errors.Is(remote.Failed(ctx, "open", remote.Name{}, err), remote.ErrUntrusted) {
			add("tls", "problem", "no TLS 1.3 with a server that is the right one", "nothing is sent there; ask who runs it")
		} else {
			add("tls", "problem", "nobody answers there", "check the network, and whether the remote is up")
		}
		return all
	}
	detail := tls.VersionName(state.Version) + ", " + strings.ReplaceAll(state.CurveID.String(), "CurveID", "curve ") + ", until " + stamp(state.PeerCertificates[0].NotAfter)
	if r.Pin != "" {
		detail += ", pinned key"
	}
	add("tls", "ok", detail, "")
	if state.CurveID != tls.X25519MLKEM768 {
		add("tls-exchange", "note", "its key exchange is not safe from a later quantum computer", "what passes is encrypted before, with one that is")
	}
	old := h.TLS()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, err := handshake(ctx, address, old); err == nil {
		add("tls-old", "note", "it speaks TLS 1.2 to programs that ask for it; this one does not", "")
	}
	return all
}

func handshake(ctx context.Context, address string, c *tls.Config) (tls.ConnectionState, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	if c.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return tls.ConnectionState{}, err
		}
		c.ServerName = host
	}
	conn, err := (&tls.Dialer{Config: c}).DialContext(ctx, "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState(), nil
}
