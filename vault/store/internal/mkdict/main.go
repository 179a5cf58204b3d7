// Command mkdict trains the zstd dictionary that packs payloads, on synthetic
// patients only. A dictionary that has been released is never made again: a
// better one gets the next number.
package main

import (
	"fmt"
	"os"

	"github.com/klauspost/compress/dict"
	"github.com/klauspost/compress/zstd"

	"phivault/vault/synth"
)

// Sizes that measured best: a larger dictionary gains little and costs every
// start and every encoder its tables.
const (
	seed     = 20260101
	size     = 64 << 10
	patients = 60
	every    = 7 // records between samples, so that many lives are seen
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "mkdict:", err)
		os.Exit(1)
	}
}

func run(to string) error {
	var samples [][]byte
	g := synth.New(synth.Options{Seed: seed, Patients: patients})
	n := 0
	for r := range g.Resources() {
		if n++; n%every == 0 && len(r) < 16<<10 {
			samples = append(samples, append([]byte(nil), r...))
		}
	}
	d, err := dict.BuildZstdDict(samples, dict.Options{MaxDictSize: size, HashBytes: 6, ZstdDictID: 1, ZstdDictCompat: true, ZstdLevel: zstd.SpeedDefault})
	if err != nil {
		return err
	}
	return os.WriteFile(to, d, 0o644)
}
