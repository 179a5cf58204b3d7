package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/hosted"
	"phivault/sync/remote/retry"
	"phivault/sync/remote/s3"
	"phivault/sync/remote/webdav"
	"phivault/vault/local"
)

// The kinds of places, by the beginning of their URL.
const (
	placeFolder = "folder"
	placeHost   = "https"
	placeS3     = "s3"
	placeWebDAV = "webdavs"
)

// Names of secrets and traits in a remote's settings.
const (
	secretAccess   = "host-key"      // of our own host: the seed of a host-access key
	secretNext     = "next-host-key" // of our own host: that of the key which is to follow
	secretKeyID    = "access-key"
	secretKey      = "secret-key"
	secretSession  = "session-token"
	secretUser     = "username"
	secretPassword = "password"
	secretToken    = "token" // one-time, of our own host; never kept
	traitExclusive = "exclusive"
	traitTrailers  = "trailers"
	// traitRegistered: of our own host, this device's key came by a token of the
	// operator's, not by an invitation; whose it is, this device says itself.
	traitRegistered = "registered"
	// traitOwnKey: of our own host, the device that made the key and gave its word for it
	// there. Another than this one: this is a copy.
	traitOwnKey = "own-key"
	// traitNextOf: the device that drew the key which is to follow.
	traitNextOf = "next-key-of"
	// traitShutOut: of our own host, the removed devices that have no access there any
	// more.
	traitShutOut = "shut-out"
	// traitState: the code of the failure of integrity that the last sync with it ended
	// in; "" without.
	traitState = "state"
)

// place is a remote's URL taken apart.
type place struct {
	kind string
	dir  string   // of a folder, absolute
	url  *url.URL // of anything else
}

// parsePlace reads a URL. Errors repeat nothing of it: it may hold a credential by
// mistake.
func parsePlace(text string) (place, error) {
	kind, rest, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains(placeKinds, kind) {
		return place{}, unknownKind(kind)
	}
	if kind == placeFolder {
		dir, err := filepath.Abs(rest)
		if err != nil || rest == "" {
			return place{}, usage("folder: needs a path", "")
		}
		return place{kind: kind, dir: dir}, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Fragment != "":
		return place{}, usage("that is no remote's address", "folder:PATH, https://HOST:PORT, s3://HOST/BUCKET or webdavs://HOST/PATH")
	case u.User != nil:
		return place{}, usage("an address holds no credential", "give it with --credentials-file, in the environment, or when asked")
	case u.Scheme == placeHost && u.RawQuery == "":
		if u.Port() == "" {
			u.Host += ":443"
		}
	case u.Scheme == placeS3 && strings.Trim(u.Path, "/") == "":
		return place{}, usage("an s3 address names a bucket", "s3://HOST/BUCKET, or s3://HOST/BUCKET/PREFIX")
	case u.Scheme == placeS3:
	case u.Scheme == placeWebDAV && u.RawQuery == "":
	default:
		return place{}, usage("that is no remote's address", "folder:PATH, https://HOST:PORT, s3://HOST/BUCKET or webdavs://HOST/PATH")
	}
	return place{kind: u.Scheme, url: u}, nil
}

var placeKinds = []string{placeFolder, placeHost, placeS3, placeWebDAV}

// unknownKind says what an address may begin with, and what was probably meant.
func unknownKind(kind string) error {
	const kinds = "folder:PATH, https://HOST:PORT, s3://HOST/BUCKET or webdavs://HOST/PATH"
	switch kind {
	case "http", "webdav", "dav":
		return usage("that address is not encrypted on its way", "https://HOST:PORT or webdavs://HOST/PATH")
	case "davs":
		return usage("a WebDAV share's address begins with webdavs://", "webdavs://HOST/PATH")
	}
	for _, k := range placeKinds {
		if distance(kind, k) <= 2 && len(kind) > 1 {
			return usage("the address begins with no kind of remote there is", "did you mean "+k+":? There are "+kinds)
		}
	}
	return usage("the address begins with no kind of remote there is", kinds)
}

// String is the address as it is kept.
func (p place) String() string {
	if p.kind == placeFolder {
		return "folder:" + p.dir
	}
	return p.url.String()
}

// needs are the names of the credentials that a place takes; the second of them
// may be left out.
func (p place) needs() (must, may []string) {
	switch p.kind {
	case placeS3:
		return []string{secretKeyID, secretKey}, []string{secretSession}
	case placeWebDAV:
		return nil, []string{secretUser, secretPassword}
	}
	return nil, nil
}

// openRemote makes the client of a remote. For network places it sends nothing.
func openRemote(r local.Remote) (remote.Remote, error) {
	p, err := parsePlace(r.URL)
	if err != nil {
		return nil, err
	}
	var h remote.HTTP
	if r.Pin != "" {
		if h.Pin, err = remote.ParsePin(r.Pin); err != nil {
			return nil, usage("the pin is not 43 characters of base64", "phivault-host prints it")
		}
	}
	switch p.kind {
	case placeFolder:
		f, err := folder.Open(p.dir)
		if err != nil {
			return nil, &fault{code: "remote", why: "its folder is not there, or may not be read", hint: "plug it in or mount it, and try again", cause: err}
		}
		return f, nil
	case placeHost:
		return openHost(p, r, h)
	case placeS3:
		bucket, prefix, _ := strings.Cut(strings.Trim(p.url.Path, "/"), "/")
		q := p.url.Query()
		return s3.Open(s3.Config{Endpoint: p.url.Host, Region: q.Get("region"), Bucket: bucket, Prefix: prefix, VirtualHost: q.Get("style") == "virtual",
			Abilities: s3.Abilities{Exclusive: r.Traits[traitExclusive] != "", Trailers: r.Traits[traitTrailers] != ""}, HTTP: h},
			s3.Credentials{AccessKey: r.Secrets[secretKeyID], SecretKey: r.Secrets[secretKey], SessionToken: r.Secrets[secretSession]})
	}
	u := *p.url
	u.Scheme = "https"
	return webdav.Open(webdav.Config{URL: u.String(), HTTP: h}, webdav.Credentials{Username: r.Secrets[secretUser], Secret: r.Secrets[secretPassword]})
}

// openHost opens our own host. The path of its address is the vault's tag.
func openHost(p place, r local.Remote, h remote.HTTP) (*hosted.Remote, error) {
	space, err := remote.ParseSpace(strings.Trim(p.url.Path, "/"))
	seed, kerr := base64.RawStdEncoding.DecodeString(r.Secrets[secretAccess])
	if err != nil || kerr != nil || len(seed) != ed25519.SeedSize {
		return nil, usage("the host's address or key is not whole", "remove the remote and add it again")
	}
	return hosted.Open(hosted.Config{Address: p.url.Host, Vault: space, HTTP: h}, ed25519.NewKeyFromSeed(seed))
}

// newHostKey gives a new host-access key as it is kept, and its public half.
func newHostKey() (string, ed25519.PublicKey, error) {
	k, err := hosted.NewKey()
	if err != nil {
		return "", nil, err
	}
	return base64.RawStdEncoding.EncodeToString(k.Seed()), k.Public().(ed25519.PublicKey), nil
}

// patient is a remote that repeats what failed for a while.
func patient(r remote.Remote) remote.Remote { return retry.New(r, retry.Policy{}) }

// answers asks a remote for something that is not there.
func answers(ctx context.Context, r remote.Remote, s remote.Space) error {
	var id [32]byte
	randomBytes(id[:])
	body, _, err := r.Get(ctx, s.Name(id))
	if err == nil {
		body.Close()
		return failed("remote", "it has an object under a name that was just drawn", "this is no honest store")
	}
	if errors.Is(err, remote.ErrNotFound) {
		return nil
	}
	return err
}

// exists reports whether something is there, as far as one may look.
func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
