package remotetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"phivault/sync/remote"
)

// Faulty runs a remote whose calls fail now and then, by a decorator or by the
// network, and wants that nothing acknowledged is lost, nothing half is shown,
// and every failure says whether to repeat the call. It gives the number of
// failures that it met.
func Faulty(t *testing.T, o Options) (failures int) {
	const objects = 40
	r := o.Open(t)
	t.Cleanup(func() { r.Close() })
	for range objects {
		n, b := Name(), Bytes(1+rand.IntN(20_000))
		acknowledged := false
		for attempt := 0; !acknowledged; attempt++ {
			if attempt == 200 {
				t.Fatal("200 attempts to put one object")
			}
			err := r.Put(t.Context(), n, bytes.NewReader(b), int64(len(b)))
			switch {
			case err == nil:
				acknowledged = true
			case errors.Is(err, remote.ErrExists):
				acknowledged = true // an earlier attempt's answer was lost
			case remote.Retryable(err), errors.Is(err, remote.ErrRefused):
				failures++
			default:
				t.Fatalf("put: %v", err)
			}
			got, err := getLong(t, r, n, &failures)
			if acknowledged && err != nil {
				t.Fatalf("an acknowledged object: %v", err)
			}
			if err == nil && !bytes.Equal(got, b) {
				t.Fatalf("%d bytes that were never put", len(got))
			}
		}
	}
	t.Logf("%d failures on the way", failures)
	return failures
}

// getLong gets until there is an object or the store says that there is none.
func getLong(t *testing.T, r remote.Remote, n remote.Name, failures *int) ([]byte, error) {
	t.Helper()
	var err error
	for range 200 {
		var b []byte
		if b, err = Get(t.Context(), r, n); err == nil || errors.Is(err, remote.ErrNotFound) {
			return b, err
		}
		if !remote.Retryable(err) && !errors.Is(err, remote.ErrRefused) {
			t.Fatalf("get: %v", err)
		}
		*failures++
	}
	return nil, err
}
