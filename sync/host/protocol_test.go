package host_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"phivault/sync/host"
	"phivault/sync/remote"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/remotetest"
)

func TestRegistrationSpendsATokenOnce(t *testing.T) {
	r := start(t, nil)
	token := r.token(host.Token{})
	key := newKey(t)
	a := r.client(remotetest.Space(), key)
	if err := a.Put(t.Context(), remotetest.Name(), strings.NewReader("x"), 1); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("a stranger's put: %v", err)
	}
	if err := a.Register(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	if err := a.Register(t.Context(), token); err != nil {
		t.Errorf("asking again after a lost answer: %v", err)
	}
	if err := r.client(other(), newKey(t)).Register(t.Context(), token); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("the token a second time: %v", err)
	}
	if err := r.client(other(), newKey(t)).Register(t.Context(), r.token(host.Token{Expires: time.Now().Add(-time.Second)})); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("an expired token: %v", err)
	}
	if err := r.client(other(), newKey(t)).Register(t.Context(), "../../etc/passwd"); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("a made-up token: %v", err)
	}
	// A general token is no way into a vault that exists, and is not spent by trying.
	general := r.token(host.Token{})
	if err := r.client(remotetest.Space(), newKey(t)).Register(t.Context(), general); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("somebody else's vault: %v", err)
	}
	if err := r.client(other(), newKey(t)).Register(t.Context(), general); err != nil {
		t.Errorf("the general token afterwards: %v", err)
	}
	// One for this vault adds a key.
	second := r.client(remotetest.Space(), newKey(t))
	if err := second.Register(t.Context(), r.token(host.Token{Vault: remotetest.Space().String()})); err != nil {
		t.Errorf("a token for this vault: %v", err)
	}
	remotetest.Put(t, second, remotetest.Name(), []byte("x"))
}

func TestMembersGrantAndRevoke(t *testing.T) {
	r := start(t, nil)
	first := r.member(remotetest.Space(), host.Token{})
	key := newKey(t)
	second := r.client(remotetest.Space(), key)
	public := key.Public().(ed25519.PublicKey)
	if err := first.Grant(t.Context(), public); err != nil {
		t.Fatal(err)
	}
	remotetest.Put(t, second, remotetest.Name(), []byte("x"))
	if err := first.Revoke(t.Context(), public); err != nil {
		t.Fatal(err)
	}
	if err := second.Put(t.Context(), remotetest.Name(), strings.NewReader("x"), 1); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("after it was revoked: %v", err)
	}
	for i := range 300 {
		if err := first.Grant(t.Context(), newKey(t).Public().(ed25519.PublicKey)); err != nil {
			if !errors.Is(err, remote.ErrRefused) || i < 200 {
				t.Errorf("key %d: %v", i, err)
			}
			return
		}
	}
	t.Error("keys without end")
}

// Only an owner gives, labels, lists and takes access; a label is for good; anybody may
// give his own up.
func TestOwnersDecideWhoHasAccess(t *testing.T) {
	r := start(t, nil)
	owner := r.member(remotetest.Space(), host.Token{})
	key, next := newKey(t), newKey(t)
	member, public := r.client(remotetest.Space(), key), key.Public().(ed25519.PublicKey)
	label := [32]byte{1, 2, 3}
	steps := []struct {
		name string
		err  error
		want error
	}{
		{"grant", owner.Grant(t.Context(), public), nil},
		{"a member labels itself", member.Assign(t.Context(), hosted.Access{Key: public, Label: [32]byte{9}, Owner: true}), remote.ErrRefused},
		{"a member grants", member.Grant(t.Context(), next.Public().(ed25519.PublicKey)), remote.ErrRefused},
		{"a member revokes an owner", member.Revoke(t.Context(), owner.Public()), remote.ErrRefused},
		{"a member lists", second(member.Keys(t.Context())), remote.ErrRefused},
		{"assign", owner.Assign(t.Context(), hosted.Access{Key: public, Label: label}), nil},
		{"assign the same again", owner.Assign(t.Context(), hosted.Access{Key: public, Label: label}), nil},
		{"assign another", owner.Assign(t.Context(), hosted.Access{Key: public, Label: [32]byte{4}}), remote.ErrRefused},
		{"make an owner of it", owner.Assign(t.Context(), hosted.Access{Key: public, Label: label, Owner: true}), remote.ErrRefused},
		{"grant what is there", owner.Grant(t.Context(), public), nil},
	}
	for _, s := range steps {
		if !errors.Is(s.err, s.want) {
			t.Errorf("%s: %v", s.name, s.err)
		}
	}
	keys, err := owner.Keys(t.Context())
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, k := range keys {
		if mine := k.Key.Equal(owner.Public()); k.Owner != mine || (k.Label == label) == mine {
			t.Errorf("%+v", k)
		}
	}
	if err := member.Revoke(t.Context(), public); err != nil {
		t.Errorf("a member gives its own up: %v", err)
	}
	if _, err := remotetest.Get(t.Context(), member, remotetest.Name()); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("after that: %v", err)
	}
}

func TestAWatchEndsWithItsAccess(t *testing.T) {
	r := start(t, nil)
	owner := r.member(remotetest.Space(), host.Token{})
	key := newKey(t)
	member, public := r.client(remotetest.Space(), key), key.Public().(ed25519.PublicKey)
	if err := owner.Grant(t.Context(), public); err != nil {
		t.Fatal(err)
	}
	heard, ended := 0, false
	for n, err := range member.Watch(t.Context(), remotetest.Space()) {
		switch {
		case err != nil:
			ended = true
		case !n.IsZero():
			t.Errorf("%s after access was taken away", n)
		case heard == 0:
			if err := owner.Revoke(t.Context(), public); err != nil {
				t.Fatal(err)
			}
			remotetest.Put(t, owner, remotetest.Name(), []byte("x"))
		}
		if heard++; heard > 3 || !n.IsZero() {
			break
		}
	}
	if !ended {
		t.Error("the watch goes on")
	}
}

func second[T any](_ T, err error) error { return err }

func TestVaultsAreApart(t *testing.T) {
	r := start(t, nil)
	a, b := r.member(remotetest.Space(), host.Token{}), r.member(other(), host.Token{})
	n := remotetest.Name()
	remotetest.Put(t, a, n, []byte("mine"))
	if _, err := remotetest.Get(t.Context(), b, n); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("another vault's object: %v", err)
	}
	if err := b.Put(t.Context(), remotetest.Name(), strings.NewReader("x"), 1); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("a put into another vault: %v", err)
	}
	for range b.List(t.Context(), other()) {
		t.Error("b lists something")
	}
	// A key of one vault says nothing in the name of another.
	meet := name(remote.Join)
	remotetest.Put(t, a, meet, []byte("request"))
	if got, err := remotetest.Get(t.Context(), b, meet); string(got) != "request" {
		t.Errorf("a meeting place: %q, %v", got, err)
	}
	if err := a.Put(t.Context(), name(remote.Join), bytes.NewReader(make([]byte, 2<<20)), 2<<20); !errors.Is(err, remote.ErrTooLarge) {
		t.Errorf("a big rendezvous object: %v", err)
	}
}

func TestLimitsHold(t *testing.T) {
	r := start(t, nil)
	c := r.member(remotetest.Space(), host.Token{Quota: 10_000, Object: 6000})
	if err := c.Put(t.Context(), remotetest.Name(), bytes.NewReader(make([]byte, 6001)), 6001); !errors.Is(err, remote.ErrTooLarge) {
		t.Errorf("a large object: %v", err)
	}
	n := remotetest.Name()
	remotetest.Put(t, c, n, make([]byte, 6000))
	if err := c.Put(t.Context(), remotetest.Name(), bytes.NewReader(make([]byte, 5000)), 5000); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("above the quota: %v", err)
	}
	remotetest.Put(t, c, remotetest.Name(), make([]byte, 4000))
	if err := c.Delete(t.Context(), n); !errors.Is(err, remote.ErrUnsupported) {
		t.Errorf("a delete on a host that only adds: %v", err)
	}
	vs, err := r.admin.Vaults()
	if err != nil || len(vs) != 1 || vs[0].Used != 10_000 || vs[0].Objects != 2 || len(vs[0].Keys) != 1 {
		t.Errorf("%+v, %v", vs, err)
	}
}

func TestDeletingGivesSpaceBackWhereItIsAllowed(t *testing.T) {
	r := start(t, nil)
	c := r.member(remotetest.Space(), host.Token{Quota: 10_000, Deletes: true})
	n := remotetest.Name()
	remotetest.Put(t, c, n, make([]byte, 9000))
	if err := c.Delete(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	remotetest.Put(t, c, remotetest.Name(), make([]byte, 9000))
	if err := c.Delete(t.Context(), name(remote.Join)); !errors.Is(err, remote.ErrUnsupported) {
		t.Errorf("deleting from the meeting place: %v", err)
	}
}

func TestTooManyRequestsAreAskedToComeBack(t *testing.T) {
	r := start(t, func(c *host.Config) { c.Limits.Requests, c.Limits.Burst = 0.001, 5 })
	c := r.member(remotetest.Space(), host.Token{})
	for i := range 8 {
		_, _, err := c.Get(t.Context(), remotetest.Name())
		if (i >= 5) != remote.Retryable(err) {
			t.Errorf("request %d: %v", i, err)
		}
	}
	// Strangers run out of answers too.
	stranger := r.client(other(), newKey(t))
	limited := false
	for range 60 {
		_, _, err := stranger.Get(t.Context(), name(other()))
		limited = limited || remote.Retryable(err)
	}
	if !limited {
		t.Error("60 refusals to one address")
	}
}

// raw speaks the protocol by hand, from PROTOCOL.md alone.
type raw struct {
	t      testing.TB
	client *http.Client
	base   string
	vault  string
	key    ed25519.PrivateKey
	state  *tls.ConnectionState
}

func (r *running) raw(vault remote.Space, key ed25519.PrivateKey) *raw {
	tr := &http.Transport{MaxConnsPerHost: 1, TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13}}
	r.t.Cleanup(tr.CloseIdleConnections)
	c := &raw{t: r.t, client: &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, base: "https://" + r.address, vault: vault.String(), key: key}
	res, err := c.client.Get(c.base + "/healthz")
	if err != nil {
		r.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	c.state = res.TLS
	return c
}

func (c *raw) sign(method, target string, length int) string {
	exporter, err := c.state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
	if err != nil {
		c.t.Fatal(err)
	}
	msg := "phivault host request v1\x00" + string(exporter) + method + "\x00" + target + "\x00" + fmt.Sprint(length)
	key := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(c.key.Public().(ed25519.PublicKey)))
	return "PhivaultHost vault=" + c.vault + ",key=" + key + ",sig=" + base64.RawURLEncoding.EncodeToString(ed25519.Sign(c.key, []byte(msg)))
}

func (c *raw) do(method, target, auth, body string) *http.Response {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	c.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, c.base+target, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	res, err := c.client.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	b, _ := io.ReadAll(res.Body)
	res.Body.Close()
	res.Body = io.NopCloser(bytes.NewReader(b))
	return res
}

func TestASignatureIsGoodForOneRequestOnOneConnection(t *testing.T) {
	r := start(t, func(c *host.Config) { c.Limits.Refusals = 1000 })
	key := newKey(t)
	c := r.raw(remotetest.Space(), key)
	token := r.token(host.Token{})
	if res := c.do("POST", "/v1/register", c.sign("POST", "/v1/register", len(token)), token); res.StatusCode != 201 {
		t.Fatalf("register: %d", res.StatusCode)
	}
	n := "/" + remotetest.Name().String()
	good := c.sign("PUT", n, 5)
	if res := c.do("PUT", n, good, "hello"); res.StatusCode != 201 {
		t.Fatalf("put: %d", res.StatusCode)
	}
	elsewhere := r.raw(remotetest.Space(), key)
	o := "/" + remotetest.Name().String()
	flipped := []byte(c.sign("GET", n, 0))
	flipped[len(flipped)-3] ^= 1
	stranger := *c
	stranger.key = newKey(t)
	foreign := *c
	foreign.vault = other().String()
	joined := *c
	joined.vault = "join"
	for name, bad := range map[string]struct {
		c                  *raw
		method, path, auth string
	}{
		"none":                   {c, "GET", n, ""},
		"of another connection":  {elsewhere, "GET", n, c.sign("GET", n, 0)},
		"of another method":      {c, "DELETE", n, c.sign("GET", n, 0)},
		"of another name":        {c, "GET", o, c.sign("GET", n, 0)},
		"of another length":      {c, "GET", n, c.sign("GET", n, 1)},
		"of another key":         {c, "GET", n, stranger.sign("GET", n, 0)},
		"for another vault":      {c, "GET", n, foreign.sign("GET", n, 0)},
		"for the meeting place":  {c, "GET", n, joined.sign("GET", n, 0)},
		"flipped":                {c, "GET", n, string(flipped)},
		"with more behind it":    {c, "GET", n, c.sign("GET", n, 0) + ",x=y"},
		"in another scheme":      {c, "GET", n, strings.Replace(c.sign("GET", n, 0), "PhivaultHost", "Bearer", 1)},
		"with a name in capital": {c, "GET", n, strings.Replace(c.sign("GET", n, 0), "vault=a", "vault=A", 1)},
	} {
		if res := bad.c.do(bad.method, bad.path, bad.auth, ""); res.StatusCode != 401 {
			t.Errorf("a signature %s: %d", name, res.StatusCode)
		}
	}
	if res := c.do("GET", n, c.sign("GET", n, 0), ""); res.StatusCode != 200 {
		t.Errorf("the right one: %d", res.StatusCode)
	}
}

func TestOddRequestsAreRefusedAndAnswersAreHardened(t *testing.T) {
	r := start(t, func(c *host.Config) { c.Limits.Refusals = 1000 })
	key := newKey(t)
	c := r.raw(remotetest.Space(), key)
	token := r.token(host.Token{})
	c.do("POST", "/v1/register", c.sign("POST", "/v1/register", len(token)), token)
	n := "/" + remotetest.Name().String()
	signed := func(method, target string) *http.Response { return c.do(method, target, c.sign(method, target, 0), "") }
	for target, want := range map[string]int{
		n + "?x": 404, "/v1/../etc/passwd": 404, "//" + n[1:]: 404, "/v1/%6aoin/" + n[4:]: 404, "/": 404, "/v1": 404,
		"/v1/" + remotetest.Space().String() + "/": 404, strings.ToUpper(n): 404, "/v1/join": 404, "/v1/keys/x": 404,
		n: 404, "/" + name(other()).String(): 403, "/v1/" + other().String(): 404, "/favicon.ico": 404,
	} {
		res := signed("GET", target)
		if res.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, res.StatusCode, want)
		}
		for h, v := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Cache-Control": "no-store"} {
			if res.Header.Get(h) != v {
				t.Errorf("%s: %s is %q", target, h, res.Header.Get(h))
			}
		}
		if !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'") || res.Header.Get("Strict-Transport-Security") == "" ||
			res.Header.Get("Access-Control-Allow-Origin") != "" || res.Header.Get("Location") != "" || res.Header.Get("Server") != "" {
			t.Errorf("%s: %v", target, res.Header)
		}
		if b, _ := io.ReadAll(res.Body); len(b) > 64 || strings.Contains(string(b), "passwd") {
			t.Errorf("%s: the answer says %q", target, b)
		}
	}
	for method, want := range map[string]int{"OPTIONS": 405, "PATCH": 405, "HEAD": 405, "POST": 405, "PROPFIND": 405, "DELETE": 405} {
		if res := signed(method, n); res.StatusCode != want {
			t.Errorf("%s: %d, want %d", method, res.StatusCode, want)
		}
	}
	if res := signed("PUT", n); res.StatusCode != 400 {
		t.Errorf("an empty put: %d", res.StatusCode)
	}
}

func TestOlderTLSIsNotSpoken(t *testing.T) {
	r := start(t, nil)
	c, err := tls.Dial("tcp", r.address, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	if err == nil {
		c.Close()
		t.Error("TLS 1.2 was spoken")
	}
}

func TestLogsSayWhatHappenedAndNotToWhat(t *testing.T) {
	r := start(t, nil)
	key := newKey(t)
	c := r.client(remotetest.Space(), key)
	token := r.token(host.Token{Label: "practice"})
	if err := c.Register(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	n := remotetest.Name()
	remotetest.Put(t, c, n, []byte("canary-content"))
	remotetest.Get(t.Context(), c, n)
	r.client(other(), newKey(t)).Get(t.Context(), name(other()))
	r.stop()
	log := r.logs.String()
	for _, secret := range []string{n.Base(), remotetest.Space().String(), other().String(), token, "canary", "practice", r.state} {
		if strings.Contains(log, secret) {
			t.Errorf("the log has %q:\n%s", secret, log)
		}
	}
	for _, want := range []string{`"kind":"object","status":201,"vault":1,"in":14`, `"status":200,"vault":1,"in":0,"out":14`,
		`"status":401,"vault":0,"in":0,"out":0`, `"from":"127.0.0.1"`, `"kind":"register","status":201`} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
}

// A key files another with its device's proof: for itself once it is labelled, for a few
// more, and an owner's for an owner. Who added what is on file, and can be listed.
func TestAKeyVouchesForItsSuccessor(t *testing.T) {
	r := start(t, nil)
	owner := r.member(remotetest.Space(), host.Token{})
	key := newKey(t)
	member, public := r.client(remotetest.Space(), key), key.Public().(ed25519.PublicKey)
	fresh := func() ed25519.PublicKey { return newKey(t).Public().(ed25519.PublicKey) }
	label, proof := [32]byte{1, 2, 3}, bytes.Repeat([]byte{7}, 64)
	next := fresh()
	vouch := func(by *hosted.Remote, k ed25519.PublicKey, l [32]byte, o bool, p []byte) error {
		return by.Vouch(t.Context(), hosted.Access{Key: k, Label: l, Owner: o, Proof: p})
	}
	steps := []struct {
		name string
		err  error
		want error
	}{
		{"grant", owner.Grant(t.Context(), public), nil},
		{"before it is labelled", vouch(member, public, label, false, proof), remote.ErrRefused},
		{"label", owner.Assign(t.Context(), hosted.Access{Key: public, Label: label}), nil},
		{"another label", vouch(member, public, [32]byte{9}, false, proof), remote.ErrRefused},
		{"for itself", vouch(member, public, label, false, proof), nil},
		{"again", vouch(member, public, label, false, proof), nil},
		{"another proof", vouch(member, public, label, false, bytes.Repeat([]byte{8}, 64)), remote.ErrRefused},
		{"a short proof", vouch(member, fresh(), label, false, proof[:63]), remote.ErrRefused},
		{"an owner's", vouch(member, next, label, true, proof), remote.ErrRefused},
		{"a successor", vouch(member, next, label, false, proof), nil},
		{"for an owner", vouch(member, owner.Public(), label, false, proof), remote.ErrRefused},
		{"an owner for an owner", vouch(owner, owner.Public(), [32]byte{5}, true, proof), nil},
		{"second", vouch(member, fresh(), label, false, proof), nil},
		{"third", vouch(member, fresh(), label, false, proof), nil},
		{"fourth", vouch(member, fresh(), label, false, proof), nil},
		{"fifth", vouch(member, fresh(), label, false, proof), remote.ErrRefused},
	}
	for _, s := range steps {
		if !errors.Is(s.err, s.want) {
			t.Errorf("%s: %v", s.name, s.err)
		}
	}
	keys, err := owner.Keys(t.Context())
	if err != nil || len(keys) != 6 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	for _, k := range keys {
		by := ed25519.PublicKey(nil)
		switch {
		case k.Key.Equal(public):
			by = owner.Public()
		case !k.Key.Equal(owner.Public()):
			by = public
		}
		if !k.By.Equal(by) || !bytes.Equal(k.Proof, proof) || k.Owner != k.Key.Equal(owner.Public()) {
			t.Errorf("%+v", k)
		}
	}
	if _, err := member.Keys(t.Context()); !errors.Is(err, remote.ErrRefused) {
		t.Errorf("a member lists: %v", err)
	}
}
