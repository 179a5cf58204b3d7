package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/local"
)

// shownExchange takes records in and gives them out, for the interface.
type shownExchange struct{ v *local.Vault }

func (x shownExchange) Import(ctx context.Context, in tui.Intake, progress func(int64)) (out tui.Outcome, err error) {
	f := importFlags{source: in.Source}
	codecs, err := f.codecs(ctx, x.v.Vault)
	if err != nil {
		return out, err
	}
	from, err := codec.Open(home(in.Path), codecs)
	if err != nil {
		return out, because(err, "the input")
	}
	out.ImportResult, err = x.v.Import(ctx, from, vault.ImportOptions{Source: in.Source, Hash: contentHash, DryRun: in.Review,
		Refused: func(r *vault.Refusal) {
			if len(out.Refusals) < 200 {
				out.Refusals = append(out.Refusals, *r)
			}
		},
		Progress: func(r vault.ImportResult) { progress(r.Records) }})
	return out, err
}

// home is a path as a person writes it, who has no shell here.
func home(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if dir, err := os.UserHomeDir(); err == nil {
			return filepath.Join(dir, rest)
		}
	}
	return path
}

func (x shownExchange) Export(ctx context.Context, o tui.Outlet, progress func(int64)) (n int64, err error) {
	if err := x.v.Record(ctx, vault.ActionExport, o.Patient); err != nil {
		return 0, err
	}
	out, err := new(app).output(home(o.Path), false)
	if err != nil {
		return 0, err
	}
	write := func() error {
		enc, err := newEncoder(ctx, o.Format, out, x.v.Vault)
		if err != nil {
			return err
		}
		for r, err := range x.v.Find(ctx, vault.Query{Patient: o.Patient, Sort: vault.Added}) {
			if err == nil {
				err = enc.Encode(ctx, r)
			}
			if err != nil {
				return err
			}
			if n++; n%500 == 0 {
				progress(n)
			}
		}
		return enc.Close()
	}
	return n, out.end(write())
}

func (x shownExchange) Save(ctx context.Context, patient vault.RecordID, path string, a tui.Attachment) error {
	if err := x.v.Record(ctx, vault.ActionExport, patient); err != nil {
		return err
	}
	r, err := x.Open(ctx, a)
	if err != nil {
		return err
	}
	defer r.Close()
	out, err := new(app).output(home(path), false)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, r)
	return out.end(err)
}

func (x shownExchange) Open(ctx context.Context, a tui.Attachment) (io.ReadCloser, error) {
	if a.Data != nil {
		return io.NopCloser(bytes.NewReader(a.Data)), nil
	}
	return x.v.Blobs().OpenBlob(ctx, a.Blob)
}

func (x shownExchange) Check(ctx context.Context, p *secret.Bytes) error { return x.v.Check(ctx, p) }
