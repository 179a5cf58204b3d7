package secret

import (
	"os"
	"testing"
)

func TestHardenProcessReportsEveryStep(t *testing.T) {
	t.Setenv("TEA_TRACE", "x")
	t.Setenv("TEA_DEBUG", "x")
	want := []string{"core-dumps", "inspection", "environment", "memory-lock"}
	for range 2 {
		r := HardenProcess()
		if len(r.Steps) != len(want) {
			t.Fatalf("%d steps", len(r.Steps))
		}
		complete := true
		for i, s := range r.Steps {
			if s.Name != want[i] || s.Detail == "" {
				t.Errorf("step %d is %+v", i, s)
			}
			complete = complete && s.Done
		}
		if r.Complete() != complete {
			t.Error("Complete disagrees with the steps")
		}
	}
	for _, name := range []string{"TEA_TRACE", "TEA_DEBUG"} {
		if _, set := os.LookupEnv(name); set {
			t.Errorf("%s is still set", name)
		}
	}
}
