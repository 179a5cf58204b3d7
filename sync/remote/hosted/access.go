package hosted

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"

	"phivault/sync/remote"
)

// Register makes this vault known to the host, or this key to the vault, with a
// one-time token of the host's operator. The key is the one given to Open.
// Registering a known key again succeeds.
func (r *Remote) Register(ctx context.Context, token string) error {
	token = strings.ToLower(strings.TrimSpace(token))
	return r.simple(ctx, "register", http.MethodPost, "/v1/register", remote.Name{}, &token, http.StatusCreated)
}

// Access is a key that the host has on file for the vault.
type Access struct {
	Key   ed25519.PublicKey
	Label [32]byte // zero: none
	Owner bool     // may give and take access
	// Proof is what the device of that label says itself: nil without. By is the key
	// that added this one; nil for a token of the operator's. A host of version 1 knows
	// neither.
	Proof []byte
	By    ed25519.PublicKey
}

// Vouch puts a key on file with its device's proof, or gives that to a key that is on
// file; any key may, for itself and for a few more. remote.ErrNotFound: the host is of
// version 1.
func (r *Remote) Vouch(ctx context.Context, a Access) error {
	role := "member"
	if a.Owner {
		role = "owner"
	}
	body := encoding.EncodeToString(a.Label[:]) + " " + role + " " + base64.RawURLEncoding.EncodeToString(a.Proof)
	return r.simple(ctx, "vouch", http.MethodPut, "/v2/keys/"+encode(a.Key), remote.Name{}, &body, http.StatusCreated)
}

// Grant lets another key use this vault's place: give each device its own, so that
// it can be taken away again. Only an owner's key may.
func (r *Remote) Grant(ctx context.Context, key ed25519.PublicKey) error {
	return r.simple(ctx, "grant", http.MethodPut, "/v1/keys/"+encode(key), remote.Name{}, nil, http.StatusCreated)
}

// Assign labels a key, once: who it is for, in a form that only the vault's members
// understand, and whether it is an owner's.
func (r *Remote) Assign(ctx context.Context, a Access) error {
	body := encoding.EncodeToString(a.Label[:])
	if a.Owner {
		body += " owner"
	}
	return r.simple(ctx, "assign", http.MethodPut, "/v1/keys/"+encode(a.Key), remote.Name{}, &body, http.StatusCreated)
}

// Keys are all that the host has on file for the vault; for an owner's key only.
func (r *Remote) Keys(ctx context.Context) (list []Access, err error) {
	list, err = r.keys(ctx, "/v2/keys", 5)
	if errors.Is(err, remote.ErrNotFound) {
		return r.keys(ctx, "/v1/keys", 3)
	}
	return list, err
}

func (r *Remote) keys(ctx context.Context, path string, words int) (list []Access, err error) {
	err = r.lines(ctx, "keys", path, func(line string) (more, odd bool) {
		if line == "." {
			return false, true
		}
		f := strings.Fields(line)
		if len(f) != words || len(list) == maxKeys {
			return true, true
		}
		key, err := encoding.DecodeString(f[0])
		if err != nil || len(key) != ed25519.PublicKeySize {
			return true, true
		}
		a := Access{Key: key, Owner: f[2] == "owner"}
		if label, err := encoding.DecodeString(f[1]); err == nil && len(label) == len(a.Label) {
			a.Label = [32]byte(label)
		}
		if words > 3 {
			if proof, err := base64.RawURLEncoding.Strict().DecodeString(f[3]); err == nil && len(proof) == ed25519.SignatureSize {
				a.Proof = proof
			}
			if by, err := encoding.DecodeString(f[4]); err == nil && len(by) == ed25519.PublicKeySize {
				a.By = by
			}
		}
		list = append(list, a)
		return true, false
	})
	return list, err
}

const maxKeys = 4096

// Public is the key that this client signs with.
func (r *Remote) Public() ed25519.PublicKey { return r.pool.key.Public().(ed25519.PublicKey) }

// Revoke takes a key's access away. Any key may give up its own, an owner's all others.
func (r *Remote) Revoke(ctx context.Context, key ed25519.PublicKey) error {
	return r.simple(ctx, "revoke", http.MethodDelete, "/v1/keys/"+encode(key), remote.Name{}, nil, http.StatusNoContent)
}

func (r *Remote) simple(ctx context.Context, op, method, path string, n remote.Name, body *string, want int) error {
	var src io.Reader
	var size int64
	if body != nil {
		src, size = strings.NewReader(*body), int64(len(*body))
	}
	res, err := r.send(ctx, method, path, src, size)
	if err != nil {
		return remote.Failed(ctx, op, n, err)
	}
	return finish(op, n, res, want)
}
