package s3

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"github.com/minio/minio-go/v7"

	"phivault/sync/remote"
)

const conflict = "status 409" // ConditionalRequestConflict: a race that is not over

// errLength is an answer that does not announce its length.
var errLength = remote.Fail("get", remote.Name{}, remote.ErrRefused, "it does not announce an object's length")

func length(h http.Header) (int64, error) {
	size, err := strconv.ParseInt(h.Get("Content-Length"), 10, 64)
	if err != nil || size < 1 {
		return 0, errLength
	}
	return size, nil
}

// fault classifies by status and by the few codes that matter. The store's own
// words are dropped: it may say anything.
func fault(ctx context.Context, op string, n remote.Name, err error) error {
	answer, ok := errors.AsType[minio.ErrorResponse](err)
	if !ok || answer.StatusCode == 0 || ctx.Err() != nil {
		return remote.Failed(ctx, op, n, err)
	}
	kind, why := remote.StatusKind(answer.StatusCode), "status "+strconv.Itoa(answer.StatusCode)
	switch {
	case answer.Code == "NoSuchBucket":
		kind, why = remote.ErrRefused, "no such bucket"
	case answer.StatusCode == http.StatusConflict && op == "put":
		kind, why = remote.ErrUnavailable, conflict
	case answer.Code == "SlowDown", answer.Code == "RequestTimeout":
		kind = remote.ErrUnavailable
	case answer.Code == "EntityTooLarge":
		kind = remote.ErrTooLarge
	case kind == remote.ErrExists && op != "put":
		kind = remote.ErrRefused
	case kind == nil:
		kind, why = remote.ErrRefused, "an answer outside the protocol"
	}
	return remote.Fail(op, n, kind, why)
}
