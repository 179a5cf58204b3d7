// Package s3 keeps objects in a bucket of a store that speaks the S3 protocol.
//
// A put is one conditional request (If-None-Match: *), so that a name is given
// once. Not every provider honours that: Probe finds out, and a Config without
// its answer declares the remote remote.Weak and looks before it puts. Every body
// goes with a checksum under the signature or in its trailer, because there are
// gateways that keep what had arrived when an upload breaks off.
//
// It never makes, changes or removes a bucket, never follows a redirect or a
// region the store suggests, and never reads credentials from the environment or
// from files: they come in as values.
package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"phivault/sync/remote"
)

// Config names a bucket and how to reach it.
type Config struct {
	Endpoint string // host or host:port, spoken to by https only
	Region   string // default "us-east-1"
	Bucket   string
	Prefix   string // folder inside the bucket, of a-z, 0-9, '-' and '/'; may be empty
	// VirtualHost puts the bucket into the host's name instead of the path.
	VirtualHost bool
	// Abilities are what Probe said when the remote was added; none are safe to
	// assume.
	Abilities
	HTTP remote.HTTP
}

// Abilities differ from provider to provider.
type Abilities struct {
	Exclusive bool // If-None-Match is honoured
	Trailers  bool // a checksum after the body is understood
}

// Credentials are values that no error and no URL repeats.
type Credentials struct {
	AccessKey, SecretKey string
	SessionToken         string // of temporary credentials
}

// String keeps the secret out of logs.
func (Credentials) String() string   { return "s3.Credentials{…}" }
func (Credentials) GoString() string { return "s3.Credentials{…}" }

// Remote is a bucket.
type Remote struct {
	core   *minio.Core
	large  *minio.Core // for bodies that are not held
	guard  *remote.Guard
	bucket string
	prefix string
	can    Abilities
}

var (
	_ remote.Remote   = (*Remote)(nil)
	_ remote.Lister   = (*Remote)(nil)
	_ remote.Deleter  = (*Remote)(nil)
	_ remote.Declarer = (*Remote)(nil)
)

const (
	maxAnswer = 2 << 20 // bytes of a page of a listing; XML takes some thirty times that to read
	// Bodies up to this size, which all but blobs have, are read before the first
	// byte is sent; beyond it the checksum follows as a trailer.
	held    = 8 << 20
	tidying = 20 * time.Second
)

// Open makes a client. It sends nothing.
func Open(c Config, cred Credentials) (*Remote, error) {
	if !validHost(c.Endpoint) || !validPrefix(c.Prefix) || c.Bucket == "" {
		return nil, remote.Fail("open", remote.Name{}, remote.ErrRefused, "not an endpoint, bucket or prefix")
	}
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	lookup, host := minio.BucketLookupPath, c.Endpoint
	if c.VirtualHost {
		lookup, host = minio.BucketLookupDNS, c.Bucket+"."+c.Endpoint
	}
	bare := strings.TrimSuffix(host, ":443")
	guard := &remote.Guard{Next: c.HTTP.Transport(), Limits: c.HTTP.Limits, Hosts: []string{host, bare}, Most: most,
		Encoding: "aws-chunked"} // what some gateways say of bodies that came with a trailer
	options := &minio.Options{
		Creds:        credentials.NewStaticV4(cred.AccessKey, cred.SecretKey, cred.SessionToken),
		Secure:       true,
		Transport:    guard,
		Region:       c.Region, // given, so that no store names another
		BucketLookup: lookup,
		MaxRetries:   1, // package retry repeats
	}
	core, err := minio.NewCore(c.Endpoint, options)
	trailing := *options
	trailing.TrailingHeaders = true
	large, lerr := minio.NewCore(c.Endpoint, &trailing)
	if err != nil || lerr != nil {
		return nil, remote.Fail("open", remote.Name{}, remote.ErrRefused, "not an endpoint, bucket or prefix")
	}
	r := &Remote{core: core, large: large, guard: guard, bucket: c.Bucket, prefix: c.Prefix, can: c.Abilities}
	if r.prefix != "" {
		r.prefix += "/"
	}
	return r, nil
}

func validHost(h string) bool {
	host := h
	if strings.Contains(h, ":") {
		var err error
		if host, _, err = net.SplitHostPort(h); err != nil {
			return false
		}
	}
	u, err := url.Parse("https://" + h)
	return err == nil && u.Host == h && u.User == nil && host != "" && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
}

func validPrefix(p string) bool {
	for part := range strings.SplitSeq(p, "/") {
		if p != "" && part == "" {
			return false
		}
		for _, c := range part {
			if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return len(p) <= 200
}

// most bounds answers: whole objects only where an object was asked for.
func most(req *http.Request) int64 {
	if req.Method == http.MethodGet && req.URL.RawQuery == "" {
		return remote.MaxObject
	}
	return maxAnswer
}

// Strength is what the Config said, or what Probe found out since.
func (r *Remote) Strength() remote.Strength {
	if r.can.Exclusive {
		return remote.Exclusive
	}
	return remote.Weak
}

// Put is one conditional request.
func (r *Remote) Put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	if err := remote.CheckPut(n, size); err != nil {
		return err
	}
	if !r.can.Exclusive {
		there, err := r.has(ctx, n)
		if err != nil {
			return err
		}
		if there {
			return remote.Fail("put", n, remote.ErrExists, "")
		}
	}
	return r.put(ctx, n, src, size)
}

func (r *Remote) put(ctx context.Context, n remote.Name, src io.Reader, size int64) error {
	in := remote.NewSource(src, size)
	opts := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableContentSha256: true}
	opts.SetMatchETagExcept("*")
	var err error
	if size <= held {
		err = r.putHeld(ctx, n, in, size, opts)
	} else {
		err = r.putStreamed(ctx, n, in, size, opts)
	}
	if in.Err() != nil {
		return remote.Failed(ctx, "put", n, in.Err())
	}
	if err == nil {
		return nil
	}
	err = fault(ctx, "put", n, err)
	if f, ok := errors.AsType[*remote.Fault](err); ok && f.Why == conflict {
		// Somebody else's put of this name was under way. It may have failed.
		if there, herr := r.has(ctx, n); herr == nil && there {
			return remote.Fail("put", n, remote.ErrExists, "")
		}
	}
	return err
}

// putHeld sends a body that was read whole, under its SHA-256.
func (r *Remote) putHeld(ctx context.Context, n remote.Name, in io.Reader, size int64, opts minio.PutObjectOptions) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(in, body); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	_, err := r.core.PutObject(ctx, r.bucket, r.key(n), bytes.NewReader(body), size, "", hex.EncodeToString(sum[:]), opts)
	return err
}

// putStreamed sends a body as it is read. Without a trailer nothing but the length
// tells a gateway that a body broke off, and some do not look: what such a failure
// left is removed.
func (r *Remote) putStreamed(ctx context.Context, n remote.Name, in io.Reader, size int64, opts minio.PutObjectOptions) error {
	if r.can.Trailers {
		_, err := r.large.PutObject(ctx, r.bucket, r.key(n), in, size, "", "", opts)
		return err
	}
	_, err := r.core.PutObject(ctx, r.bucket, r.key(n), in, size, "", "", opts)
	if err == nil || errors.Is(fault(ctx, "put", n, err), remote.ErrExists) {
		return err
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidying)
	defer cancel()
	if o, serr := r.core.StatObject(late, r.bucket, r.key(n), minio.StatObjectOptions{}); serr == nil && o.Size < size {
		r.core.RemoveObject(late, r.bucket, r.key(n), minio.RemoveObjectOptions{})
	}
	return err
}

func (r *Remote) has(ctx context.Context, n remote.Name) (bool, error) {
	_, err := r.core.StatObject(ctx, r.bucket, r.key(n), minio.StatObjectOptions{})
	if err == nil {
		return true, nil
	}
	if err = fault(ctx, "put", n, err); errors.Is(err, remote.ErrNotFound) {
		return false, nil
	}
	return false, err
}

// Get opens an object.
func (r *Remote) Get(ctx context.Context, n remote.Name) (io.ReadCloser, int64, error) {
	if n.IsZero() {
		return nil, 0, remote.Fail("get", n, remote.ErrName, "")
	}
	body, _, head, err := r.core.GetObject(ctx, r.bucket, r.key(n), minio.GetObjectOptions{})
	if err != nil {
		return nil, 0, fault(ctx, "get", n, err)
	}
	size, err := length(head)
	if err != nil {
		body.Close()
		return nil, 0, remote.Failed(ctx, "get", n, err)
	}
	return remote.Body(ctx, n, body, size), size, nil
}

// List lists a space, page by page.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		prefix := r.prefix + s.Path() + "/"
		for o := range r.core.ListObjectsIter(ctx, r.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				yield(remote.Entry{}, fault(ctx, "list", remote.Name{}, o.Err))
				return
			}
			key, ok := strings.CutPrefix(o.Key, r.prefix)
			n, err := remote.ParseName(key)
			if !ok || err != nil || !s.Holds(n) || o.Size < 1 {
				continue
			}
			if !yield(remote.Entry{Name: n, Size: o.Size}, nil) {
				return
			}
		}
		if ctx.Err() != nil {
			yield(remote.Entry{}, remote.Failed(ctx, "list", remote.Name{}, ctx.Err()))
		}
	}
}

// Delete removes an object.
func (r *Remote) Delete(ctx context.Context, n remote.Name) error {
	if n.IsZero() {
		return remote.Fail("delete", n, remote.ErrName, "")
	}
	err := r.core.RemoveObject(ctx, r.bucket, r.key(n), minio.RemoveObjectOptions{})
	if err == nil {
		return nil
	}
	if err = fault(ctx, "delete", n, err); errors.Is(err, remote.ErrNotFound) {
		return nil
	}
	return err
}

// Close ends every connection.
func (r *Remote) Close() error { return r.guard.Close() }

func (r *Remote) key(n remote.Name) string { return r.prefix + n.String() }
