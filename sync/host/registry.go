package host

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"phivault/sync/remote"
)

// Policy is what a vault may have on this host.
type Policy struct {
	Number  int       `json:"number"`  // of this host, for its logs
	Quota   int64     `json:"quota"`   // bytes of all objects together
	Object  int64     `json:"object"`  // bytes of one object
	Deletes bool      `json:"deletes"` // members may delete
	Label   string    `json:"label,omitempty"`
	Created time.Time `json:"created"`
}

// Token is what a one-time token gives to the vault that is registered with it.
type Token struct {
	Quota   int64     `json:"quota"`
	Object  int64     `json:"object"`
	Deletes bool      `json:"deletes"`
	Label   string    `json:"label,omitempty"`
	Vault   string    `json:"vault,omitempty"` // if set, for another key of this vault only
	Expires time.Time `json:"expires"`
}

var (
	errToken = errors.New("no such token")
	errTaken = errors.New("the vault exists and the token is not for it")
	errFull  = errors.New("the vault has as many keys as it may have")
)

// registry is a folder: tokens/HASH, vaults/TAG/policy.json, vaults/TAG/keys/KEY,
// vaults/TAG/ledger. Each fact is a file of its own that appears and goes whole, so
// that the operator's commands and the serving process need not know of each
// other.
type registry struct {
	root *os.Root
	now  func() time.Time
	mu   sync.Mutex // makes vaults one after the other
}

func openRegistry(dir string, now func() time.Time) (*registry, error) {
	for _, d := range []string{dir, dir + "/tokens", dir + "/vaults"} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, plain(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, plain(err)
	}
	return &registry{root: root, now: now}, nil
}

func (r *registry) close() error { return r.root.Close() }

func vaultDir(s remote.Space) string { return "vaults/" + s.String() }

func tokenFile(token string) string {
	sum := sha256.Sum256([]byte("phivault host token\x00" + token))
	return "tokens/" + encoding.EncodeToString(sum[:])
}

// mint makes a token and keeps its hash only.
func (r *registry) mint(t Token) (string, error) {
	token := strings.ToLower(rand.Text())
	return token, r.write(tokenFile(token), t)
}

// write makes or replaces a small file at once.
func (r *registry) write(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	part := path.Dir(name) + "/." + rand.Text()
	f, err := r.root.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return plain(err)
	}
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = r.root.Rename(part, name)
	}
	if err != nil {
		r.root.Remove(part)
		return plain(err)
	}
	return nil
}

func read[T any](r *registry, name string) (v T, err error) {
	b, err := r.root.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	return v, err
}

func (r *registry) policy(s remote.Space) (Policy, error) {
	return read[Policy](r, vaultDir(s)+"/policy.json")
}

func (r *registry) knows(s remote.Space, key string) bool {
	_, err := r.root.Lstat(vaultDir(s) + "/keys/" + key)
	return err == nil
}

// register spends a token to make a vault, or to add a key to the one it is for.
func (r *registry) register(s remote.Space, key, token string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.knows(s, key) {
		return nil // asked again, after an answer that was lost
	}
	file := tokenFile(token)
	t, err := read[Token](r, file)
	if err != nil || r.now().After(t.Expires) || t.Vault != "" && t.Vault != s.String() {
		return errToken
	}
	_, err = r.policy(s)
	exists := err == nil
	switch {
	case exists && t.Vault == "":
		return errTaken
	case !exists && (!errors.Is(err, fs.ErrNotExist) || t.Vault != ""):
		return errToken
	}
	// Spent first: a crash must not leave a token that is good twice.
	if err := r.root.Remove(file); err != nil {
		return errToken
	}
	if err := r.root.MkdirAll(vaultDir(s)+"/keys", 0o700); err != nil {
		return plain(err)
	}
	if !exists {
		others, err := r.spaces()
		if err != nil {
			return err
		}
		p := Policy{Number: len(others), Quota: t.Quota, Object: t.Object, Deletes: t.Deletes, Label: t.Label, Created: r.now().UTC()}
		if err := r.write(vaultDir(s)+"/policy.json", p); err != nil {
			return err
		}
	}
	return r.write(keyFile(s, key), access{Owner: true})
}

// access is what is on file of a key: who it is for, as the owners of the vault call
// that, and whether it may give and take access.
type access struct {
	Label string `json:"label,omitempty"`
	Owner bool   `json:"owner,omitempty"`
	Proof string `json:"proof,omitempty"` // by which the owners know that the device itself says so
	By    string `json:"by,omitempty"`    // the key that added it; none for a token
}

var (
	errLabelled = errors.New("the key is labelled otherwise")
	errRole     = errors.New("only an owner's key does that")
)

// keysPerMember is how many keys one that is no owner's may add: one is for the device
// that follows it, the others for what was cut off before it was used.
const keysPerMember = 4

func keyFile(s remote.Space, key string) string { return vaultDir(s) + "/keys/" + key }

// addKey puts a key on file; above most keys it refuses. With a label, which a key gets
// once, it is for good what a says.
func (r *registry) addKey(s remote.Space, key string, a access, most int) error {
	if !r.knows(s, key) {
		if have, err := r.keys(s); err != nil || len(have) >= most {
			return errors.Join(errFull, err)
		}
		return r.write(keyFile(s, key), a)
	}
	old, err := r.access(s, key)
	switch {
	case err != nil:
		return plain(err)
	case a.Label == "" || a.Label == old.Label && a.Owner == old.Owner:
		return nil
	case old.Label != "":
		return errLabelled
	}
	old.Label, old.Owner = a.Label, a.Owner || old.Owner
	return r.write(keyFile(s, key), old)
}

// vouch puts a key on file with its device's own proof, or adds that to one that is
// there. Any key may do that for itself, and for a few more; those are no owner's where
// it is none.
func (r *registry) vouch(s remote.Space, key string, a access, by string, most int) error {
	signer, err := r.access(s, by)
	if err != nil {
		return plain(err)
	}
	if !r.knows(s, key) {
		have, err := r.keys(s)
		if err != nil || len(have) >= most {
			return errors.Join(errFull, err)
		}
		if !signer.Owner {
			if a.Owner {
				return errRole
			}
			added := 0
			for _, k := range have {
				if x, err := r.access(s, k); err == nil && x.By == by {
					added++
				}
			}
			// Each that it added could add more: half of the room stays the owners'.
			if added >= keysPerMember || len(have) >= most/2 {
				return errFull
			}
		}
		a.By = by
		return r.write(keyFile(s, key), a)
	}
	old, err := r.access(s, key)
	switch {
	case err != nil:
		return plain(err)
	case !signer.Owner && (key != by || old.Label == ""):
		return errRole
	case old.Label == a.Label && old.Proof == a.Proof:
		return nil
	case old.Proof != "" || old.Label != "" && old.Label != a.Label:
		return errLabelled
	}
	old.Label, old.Proof = a.Label, a.Proof
	return r.write(keyFile(s, key), old)
}

func (r *registry) access(s remote.Space, key string) (access, error) {
	return read[access](r, keyFile(s, key))
}

func (r *registry) removeKey(s remote.Space, key string) error {
	if err := r.root.Remove(vaultDir(s) + "/keys/" + key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plain(err)
	}
	return nil
}

func (r *registry) keys(s remote.Space) ([]string, error) {
	entries, err := fs.ReadDir(r.root.FS(), vaultDir(s)+"/keys")
	if err != nil {
		return nil, plain(err)
	}
	var out []string
	for _, e := range entries {
		if _, ok := parseKey(e.Name()); ok {
			out = append(out, e.Name())
		}
	}
	return out, nil
}

// spaces gives the vaults on file.
func (r *registry) spaces() ([]remote.Space, error) {
	entries, err := fs.ReadDir(r.root.FS(), "vaults")
	if err != nil {
		return nil, plain(err)
	}
	var out []remote.Space
	for _, e := range entries {
		if s, err := remote.ParseSpace(e.Name()); err == nil && s != remote.Join {
			out = append(out, s)
		}
	}
	return out, nil
}

// plain drops the path from an error of the file system.
func plain(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("state folder: %s: %w", p.Op, p.Err)
	}
	if l, ok := errors.AsType[*os.LinkError](err); ok {
		return fmt.Errorf("state folder: %s: %w", l.Op, l.Err)
	}
	return err
}
