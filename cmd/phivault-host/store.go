package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"phivault/sync/remote"
	"phivault/sync/remote/folder"
	"phivault/sync/remote/retry"
	"phivault/sync/remote/s3"
)

// storeFlags say where objects lie: in the state folder, or in a bucket.
type storeFlags struct {
	objects string
	s3      s3.Config
}

const (
	accessVariable  = "PHIVAULT_HOST_S3_ACCESS_KEY"
	secretVariable  = "PHIVAULT_HOST_S3_SECRET_KEY"
	sessionVariable = "PHIVAULT_HOST_S3_SESSION_TOKEN"
)

func (f *storeFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.objects, "objects", "", "folder of the objects (default DIR/objects)")
	flags.StringVar(&f.s3.Endpoint, "s3-endpoint", "", "keep objects in a bucket at this host[:port] instead; credentials from\n"+accessVariable+" and "+secretVariable)
	flags.StringVar(&f.s3.Bucket, "s3-bucket", "", "the bucket")
	flags.StringVar(&f.s3.Region, "s3-region", "us-east-1", "its region")
	flags.StringVar(&f.s3.Prefix, "s3-prefix", "", "folder inside the bucket")
	flags.BoolVar(&f.s3.VirtualHost, "s3-virtual-host", false, "put the bucket into the host's name")
}

// open opens the store. With a bucket it asks first what the provider can.
func (a *app) openStore(ctx context.Context, f *storeFlags) (remote.Remote, error) {
	if f.s3.Endpoint == "" && f.s3.Bucket == "" {
		if f.objects == "" {
			f.objects = filepath.Join(a.dir, "objects")
		}
		return folder.Create(f.objects)
	}
	if f.s3.Endpoint == "" || f.s3.Bucket == "" || f.objects != "" {
		return nil, usageError{errors.New("a bucket takes --s3-endpoint and --s3-bucket, and no --objects")}
	}
	cred := s3.Credentials{AccessKey: a.env(accessVariable), SecretKey: a.env(secretVariable), SessionToken: a.env(sessionVariable)}
	for _, v := range []string{accessVariable, secretVariable, sessionVariable} {
		os.Unsetenv(v) // not for whoever looks at this process later
	}
	if cred.AccessKey == "" || cred.SecretKey == "" {
		return nil, usageError{errors.New("a bucket needs " + accessVariable + " and " + secretVariable)}
	}
	r, err := s3.Open(f.s3, cred)
	if err != nil {
		return nil, err
	}
	if _, err := r.Probe(ctx); err != nil {
		r.Close()
		return nil, err
	}
	return retry.New(r, retry.Policy{Attempts: 3}), nil
}
