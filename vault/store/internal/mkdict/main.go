// Command mkdict trains the zstd dictionary that packs payloads, on synthetic
// patients only. A dictionary that has been released is never made again: a
// better one gets the next number.
//
// It needs the zstd command (https://github.com/facebook/zstd), whose trainer
// packs half as tight again as what the Go package builds.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"phivault/vault/synth"
)

const (
	number   = 1 // of the dictionary
	seed     = 20260101
	size     = 110 << 10
	patients = 400
	every    = 19 // records between samples, so that many lives are seen
	longest  = 16 << 10
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "mkdict:", err)
		os.Exit(1)
	}
}

func run(to string) (err error) {
	dir, err := os.MkdirTemp("", "mkdict")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n := 0
	for r := range synth.New(synth.Options{Seed: seed, Patients: patients}).Resources() {
		if n++; n%every == 0 && len(r) < longest {
			if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(n)), r, 0o600); err != nil {
				return err
			}
		}
	}
	train := exec.Command("zstd", "-q", "--train", "-r", dir, fmt.Sprintf("--maxdict=%d", size),
		fmt.Sprintf("--dictID=%d", number), "-o", to, "-f")
	train.Stderr = os.Stderr
	return train.Run()
}
