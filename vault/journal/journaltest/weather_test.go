package journaltest

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"phivault/crypto/secret"
	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/faults"
	"phivault/sync/remote/retry"
	"phivault/sync/remote/s3"
	"phivault/sync/remote/webdav"
	"phivault/vault"
	"phivault/vault/journal/segment"
)

// impatient gives up on a silent or slow line soon enough for a test.
var impatient = remote.Limits{Dial: 100 * time.Millisecond, Header: 100 * time.Millisecond, Stall: 100 * time.Millisecond, MinBytes: 1 << 10}

// through syncs over a line. It repeats without pausing what failed.
func (d *Device) through(ctx context.Context, r remote.Remote) error {
	line := retry.New(r, retry.Policy{Attempts: 2, Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	_, err := engine.Sync(ctx, d.Journal, []engine.Target{{Name: "r", Remote: line}}, engine.Options{Parallel: 4})
	return err
}

// heavy adds n records of 24 kB that do not pack.
func (d *Device) heavy(t TB, round, n int) {
	for i := range n {
		noise := fmt.Sprintf("%x", secret.Random(12_000).Bytes())
		d.Add(t, strings.Replace(strings.Replace(pulse, "o1", fmt.Sprintf("h%d-%d", round, i), 1), "pulse", noise, 1))
	}
}

// In whatever way the line to a remote fails, a sync ends by its own deadlines,
// says that the remote could not be reached and nothing worse, and the next one
// in better weather completes on both sides.
func TestFoulWeatherOverTheHost(t *testing.T) {
	h := Serve(t, Scratch(t), nil)
	weather(t, h.Address, func(vaultID vault.Hash, address string, l remote.Limits) remote.Remote {
		return h.Client(t, vaultID, address, l)
	})
}

// A real gateway, which .ci/s3-gateway starts: PHIVAULT_TEST_S3=1 demands it.
func TestFoulWeatherOverARealGateway(t *testing.T) {
	if os.Getenv("PHIVAULT_TEST_S3") == "" {
		t.Skip("PHIVAULT_TEST_S3 is not set: no gateway to test against")
	}
	roots := issuers(t, os.Getenv("PHIVAULT_TEST_S3_CA"))
	weather(t, os.Getenv("PHIVAULT_TEST_S3_ENDPOINT"), func(_ vault.Hash, address string, l remote.Limits) remote.Remote {
		r, err := s3.Open(s3.Config{Endpoint: address, Bucket: os.Getenv("PHIVAULT_TEST_S3_BUCKET"), Abilities: s3.Abilities{Exclusive: true, Trailers: true},
			HTTP: remote.HTTP{Roots: roots, Limits: l}},
			s3.Credentials{AccessKey: os.Getenv("PHIVAULT_TEST_S3_ACCESS"), SecretKey: os.Getenv("PHIVAULT_TEST_S3_SECRET")})
		check(t, err)
		return r
	})
}

// A real Apache, which .ci/webdav-server starts: PHIVAULT_TEST_WEBDAV=1 demands it.
func TestFoulWeatherOverARealServer(t *testing.T) {
	if os.Getenv("PHIVAULT_TEST_WEBDAV") == "" {
		t.Skip("PHIVAULT_TEST_WEBDAV is not set: no server to test against")
	}
	roots := issuers(t, os.Getenv("PHIVAULT_TEST_WEBDAV_CA"))
	at, _ := strings.CutPrefix(os.Getenv("PHIVAULT_TEST_WEBDAV_URL"), "https://")
	at, path, _ := strings.Cut(at, "/")
	weather(t, at, func(_ vault.Hash, address string, l remote.Limits) remote.Remote {
		r, err := webdav.Open(webdav.Config{URL: "https://" + address + "/" + path, HTTP: remote.HTTP{Roots: roots, Limits: l}},
			webdav.Credentials{Username: os.Getenv("PHIVAULT_TEST_WEBDAV_USER"), Secret: os.Getenv("PHIVAULT_TEST_WEBDAV_SECRET")})
		check(t, err)
		return r
	})
}

func issuers(t *testing.T, file string) *x509.CertPool {
	pem, err := os.ReadFile(file)
	check(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		t.Fatalf("no certificate in %s", file)
	}
	return roots
}

// weather syncs two devices with what listens at address, through a proxy before
// it. open gives a client by way of an address.
func weather(t *testing.T, address string, open func(vaultID vault.Hash, address string, l remote.Limits) remote.Remote) {
	dir := Scratch(t)
	a := Found(t, dir, "a")
	defer a.Close()
	fair := open(a.VaultID(), address, remote.Limits{})
	defer fair.Close()
	b := Join(t, a, fair, dir, "b", segment.RoleMember)
	defer b.Close()
	rounds := 1
	if os.Getenv("PHIVAULT_SLOW") != "" {
		rounds = 10
	}
	kinds := []struct {
		name    string
		weather faults.Weather
		passes  bool // a sync may succeed
	}{
		{"closed", faults.Weather{Closed: true}, false},
		{"blackhole", faults.Weather{Blackhole: true}, false},
		{"slower than allowed", faults.Weather{Delay: time.Second}, false},
		{"cut in the handshake", faults.Weather{Cut: 600}, false},
		{"cut", faults.Weather{Cut: 100 << 10, Ragged: true}, true},
		{"reset", faults.Weather{Cut: 60 << 10, Ragged: true, Reset: true}, true},
		{"delayed", faults.Weather{Delay: time.Millisecond}, true},
	}
	for round := range rounds {
		for n, k := range kinds {
			p, err := faults.NewProxy(address)
			check(t, err)
			p.Set(k.weather)
			a.heavy(t, round*len(kinds)+n, 20)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // its own deadlines end it long before
			for _, d := range []*Device{a, b} {
				line := open(a.VaultID(), p.Addr(), impatient)
				err := d.through(ctx, line)
				switch {
				case err == nil && !k.passes:
					t.Errorf("%s: a sync succeeded", k.name)
				case err != nil && (!errors.Is(err, remote.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil):
					t.Errorf("%s: %v", k.name, err)
				}
				_ = line.Close()
			}
			cancel()
			check(t, p.Close())
			for _, d := range []*Device{a, b} {
				if err := d.through(t.Context(), fair); err != nil {
					t.Fatalf("after %s: %v", k.name, err)
				}
			}
			if a.Contents(t) != b.Contents(t) {
				t.Fatalf("after %s: they differ", k.name)
			}
		}
	}
	a.Verify(t)
	b.Verify(t)
}

// A line that breaks while a sync is under way, connections included: in the
// middle everything is swallowed, refused or reset.
func TestTheLineBreaksInTheMiddle(t *testing.T) {
	dir := Scratch(t)
	h := Serve(t, dir, nil)
	a := Found(t, dir, "a")
	defer a.Close()
	p, err := faults.NewProxy(h.Address)
	check(t, err)
	defer p.Close()
	for n, w := range []faults.Weather{{Blackhole: true}, {Cut: 1, Reset: true}, {Cut: 1}} {
		a.heavy(t, n, 60) // several objects
		line := h.Client(t, a.VaultID(), p.Addr(), impatient)
		_, err = engine.Sync(t.Context(), a.Journal, []engine.Target{{Name: "r", Remote: line}}, engine.Options{
			Progress: func(now engine.Progress) {
				if now.Pushed.Objects == 1 {
					p.Set(w)
				}
			}})
		if !errors.Is(err, remote.ErrUnavailable) {
			t.Errorf("%+v: %v", w, err)
		}
		p.Set(faults.Weather{})
		check(t, a.through(t.Context(), line))
	}
	b := Join(t, a, h.Client(t, a.VaultID(), "", remote.Limits{}), dir, "b", segment.RoleMember)
	defer b.Close()
	check(t, b.through(t.Context(), h.Client(t, a.VaultID(), "", remote.Limits{})))
	if a.Contents(t) != b.Contents(t) {
		t.Error("they differ")
	}
	b.Verify(t)
}
