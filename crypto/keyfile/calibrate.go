package keyfile

import (
	"time"

	"phivault/crypto/keyfile/internal/floor"
	"phivault/crypto/secret"
)

// Calibrate returns parameters of p's profile that take about target on this
// machine, never outside the limits of Check. For Argon2id time is spent on
// memory first, at three passes and p's lanes, then on more passes. It derives
// twice with small costs to measure.
func Calibrate(p Params, target time.Duration) Params {
	return calibrate(p, target, func(p Params) time.Duration {
		pass, salt := secret.New(16), make([]byte, saltSize)
		defer pass.Destroy()
		start := time.Now()
		derive(p, pass, salt).Destroy()
		return time.Since(start)
	})
}

func calibrate(p Params, target time.Duration, measure func(Params) time.Duration) Params {
	l := floor.Current()
	if p.Profile == FIPS {
		sample := Params{Profile: FIPS, Iterations: l.Iterations.Least / 5}
		perIteration := best(sample, measure) / float64(sample.Iterations)
		p.Iterations = clamp(float64(target)/perIteration, l.Iterations)
		return p
	}
	const step = 16 << 10 // KiB; nobody reads m=261943KiB with pleasure
	sample := Params{Profile: Default, Memory: l.Memory.Least, Time: max(l.Time.Least, l.TimeBelowMost), Threads: p.Threads}
	perKiB := best(sample, measure) / float64(sample.Memory) / float64(sample.Time)
	work := float64(target) / perKiB // KiB × passes
	p.Time = sample.Time
	p.Memory = clamp(work/float64(p.Time), l.Memory)
	if p.Memory > step {
		p.Memory -= p.Memory % step
	}
	if p.Memory == l.Memory.Most {
		p.Time = clamp(work/float64(p.Memory), floor.Range{Least: sample.Time, Most: l.Time.Most})
	}
	return p
}

// best is the shorter of two runs in nanoseconds: the first one pays for
// memory that the process does not have yet.
func best(p Params, measure func(Params) time.Duration) float64 {
	return float64(max(1, min(measure(p), measure(p))))
}

func clamp(v float64, r floor.Range) uint32 {
	return uint32(max(float64(r.Least), min(v, float64(r.Most))))
}
