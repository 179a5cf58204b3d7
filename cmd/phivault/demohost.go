package main

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/malicious"
)

// demoHost is a phivault-host in this process, on this machine alone, whose
// operator can be told to cheat.
type demoHost struct {
	address, pin, token string
	store               *malicious.Remote
	end                 func() error
}

func startHost(ctx context.Context, dir string, now func() time.Time) (_ *demoHost, err error) {
	objects, err := folder.Create(filepath.Join(dir, "objects"))
	if err != nil {
		return nil, err
	}
	h := &demoHost{store: malicious.New(objects), end: objects.Close}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.end())
		}
	}()
	proof, err := host.SelfSigned(filepath.Join(dir, "tls"), []string{"localhost"}, now)
	if err != nil {
		return nil, err
	}
	if h.token, err = oneToken(dir, now); err != nil {
		return nil, err
	}
	served, err := host.New(host.Config{State: dir, Store: h.store, Now: now})
	if err != nil {
		return nil, err
	}
	h.end = func() error { return errors.Join(served.Close(), objects.Close()) }
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan error, 1)
	go func() { done <- served.Serve(serving, l, proof, time.Second) }()
	h.end = func() error {
		stop()
		return errors.Join(<-done, served.Close(), objects.Close())
	}
	h.address, h.pin = l.Addr().String(), proof.Pin.String()
	return h, nil
}

// oneToken registers one vault.
func oneToken(dir string, now func() time.Time) (string, error) {
	admin, err := host.OpenAdmin(dir, now)
	if err != nil {
		return "", err
	}
	t, err := admin.Mint(host.Token{Quota: 1 << 30, Object: 1 << 30, Expires: now().Add(time.Hour)})
	return t, errors.Join(err, admin.Close())
}

// newest gives the name of an object that came after past, of its segments.
func (h *demoHost) newest(ctx context.Context, past malicious.Past) (remote.Name, error) {
	all, err := h.store.Remember(ctx)
	if err != nil {
		return remote.Name{}, err
	}
	var fresh []remote.Name
	for n := range all {
		if _, old := past[n]; !old && n.Space() != remote.Join {
			fresh = append(fresh, n)
		}
	}
	if len(fresh) == 0 {
		return remote.Name{}, failed("failed", "a sync of the demo put nothing", "")
	}
	slices.SortFunc(fresh, func(a, b remote.Name) int { return len(all[a]) - len(all[b]) })
	return fresh[0], nil
}

// tokenFile is what remote add takes.
func (h *demoHost) tokenFile(name string) error {
	return os.WriteFile(name, []byte("token="+h.token+"\n"), 0o600)
}
