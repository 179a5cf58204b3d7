package local

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestMemoryIsLimitedUnlessTheEnvironmentSays(t *testing.T) {
	before := debug.SetMemoryLimit(math.MaxInt64)
	defer debug.SetMemoryLimit(before)
	t.Setenv("GOMEMLIMIT", "1GiB")
	LimitMemory()
	if n := debug.SetMemoryLimit(-1); n != math.MaxInt64 {
		t.Fatalf("the environment's limit was replaced by %d", n)
	}
	t.Setenv("GOMEMLIMIT", "")
	LimitMemory()
	if n := debug.SetMemoryLimit(-1); n != memoryGoal {
		t.Fatalf("%d bytes", n)
	}
}
