package hosted

import (
	"context"
	"crypto/ed25519"
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

// Grant lets another key use this vault's place: give each device its own, so that
// it can be taken away again.
func (r *Remote) Grant(ctx context.Context, key ed25519.PublicKey) error {
	return r.simple(ctx, "grant", http.MethodPut, "/v1/keys/"+encode(key), remote.Name{}, nil, http.StatusCreated)
}

// Revoke takes a key's access away.
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
