package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"

	"github.com/minio/minio-go/v7"

	"phivault/sync/remote"
)

// Probe finds out what the provider can, with objects that it makes and removes,
// and checks on the way that objects can be put and got. Call it when a remote is
// added, before other use, and keep the answer in the Config. Keys that may not
// delete are fine; the probe's two small objects then stay.
func (r *Remote) Probe(ctx context.Context) (Abilities, error) {
	r.can = Abilities{}
	var can Abilities
	body := []byte("phivault probe")
	n := probeName()
	if err := r.put(ctx, n, bytes.NewReader(body), int64(len(body))); err != nil {
		return can, err
	}
	second := r.put(ctx, n, bytes.NewReader(body), int64(len(body)))
	same, err := r.gives(ctx, n, body)
	if err != nil {
		return can, err
	}
	if !same {
		return can, remote.Fail("get", n, remote.ErrRefused, "it does not give back what was put")
	}
	switch {
	case errors.Is(second, remote.ErrExists):
		can.Exclusive = true
	case second != nil && !errors.Is(second, remote.ErrRefused):
		return can, second
	}

	// A store that does not know trailers refuses them, or keeps their framing as
	// if it were content.
	t := probeName()
	_, err = r.large.PutObject(ctx, r.bucket, r.key(t), bytes.NewReader(body), int64(len(body)), "", "",
		minio.PutObjectOptions{DisableContentSha256: true})
	if err == nil {
		if can.Trailers, err = r.gives(ctx, t, body); err != nil {
			return can, err
		}
	} else if err = fault(ctx, "put", t, err); !errors.Is(err, remote.ErrRefused) {
		return can, err
	}
	for _, n := range []remote.Name{n, t} {
		if err := r.Delete(ctx, n); err != nil && !errors.Is(err, remote.ErrRefused) {
			return can, err
		}
	}
	r.can = can
	return can, nil
}

func probeName() remote.Name {
	var id [32]byte
	rand.Read(id[:])
	return remote.Join.Name(id)
}

func (r *Remote) gives(ctx context.Context, n remote.Name, body []byte) (bool, error) {
	got, size, err := r.Get(ctx, n)
	if err != nil {
		return false, err
	}
	defer got.Close()
	if size > 4096 {
		return false, nil
	}
	back, err := io.ReadAll(got)
	return bytes.Equal(back, body), err
}
