package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"slices"
	"strings"
)

const (
	credentialVariable = "PHIVAULT_REMOTE_" // and the credential's name: PHIVAULT_REMOTE_SECRET_KEY
	credentialsMost    = 64 << 10           // bytes of a credentials file
)

func randomBytes(b []byte) { rand.Read(b) }

// credentials gives a remote's credentials: of a file, else of the environment,
// else typed. They never come in an argument.
func (a *app) credentials(ctx context.Context, file string, must, may []string) (map[string]string, error) {
	known := append(slices.Clone(must), may...)
	got := map[string]string{}
	if file != "" {
		if err := readCredentials(file, known, got); err != nil {
			return nil, err
		}
	}
	for _, name := range known {
		v := a.env(credentialVariable + strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
		if v != "" && got[name] == "" && file == "" {
			got[name] = v
		}
	}
	for _, name := range must {
		if got[name] != "" {
			continue
		}
		if file != "" {
			return nil, usage("the credentials file has no "+name, "it has lines of the form NAME=VALUE")
		}
		t, err := a.prompt()
		if err != nil {
			return nil, failed("no_passphrase", "no "+name+" was given", "give it with --credentials-file, or in "+credentialVariable+strings.ToUpper(strings.ReplaceAll(name, "-", "_")))
		}
		s, err := t.secret(ctx, "The remote's "+name+": ")
		t.close()
		if err != nil {
			return nil, err
		}
		got[name] = string(s.Bytes())
		s.Destroy()
	}
	return got, nil
}

// readCredentials reads lines of NAME=VALUE from a file that nobody else may read.
// Empty lines and those that begin with # are passed over.
func readCredentials(name string, known []string, into map[string]string) error {
	f, err := os.Open(name)
	if err != nil {
		return because(err, "the credentials file")
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return because(err, "the credentials file")
	}
	if fi.Mode().IsRegular() && readableByOthers(fi) {
		return failed("permission", "group or others can read the credentials file", "chmod 600 it, and consider its content known")
	}
	b, err := io.ReadAll(io.LimitReader(f, credentialsMost+1))
	if err != nil || len(b) > credentialsMost {
		return failed("failed", "the credentials file cannot be read", "")
	}
	for _, line := range strings.Split(string(b), "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok || !slices.Contains(known, k) || v == "" {
			return usage("a line of the credentials file is not understood", "this remote takes "+strings.Join(known, ", ")+", as NAME=VALUE")
		}
		into[k] = v
	}
	return nil
}
