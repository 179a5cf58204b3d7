package widget

import (
	"math"
	"strings"
	"testing"
)

// A value that calls for attention is seen, also where plain ones share its place.
func TestAPlotHidesNoFlag(t *testing.T) {
	dots := make([]Dot, 5000)
	for i := range dots {
		dots[i] = Dot{X: float64(i), Y: float64(90 + i%3), Text: "90", When: "x", Low: math.NaN(), High: math.NaN()}
	}
	dots[2500].Mark = '▲'
	text := strings.Join(Plot(dots, 78, 20, len(dots)-1), "\n")
	if strings.Count(text, "▲") != 1 || strings.Count(text, "◉") != 1 {
		t.Error(text)
	}
	for _, l := range strings.Split(text, "\n") {
		if Width(l) != 78 {
			t.Errorf("%d columns: %q", Width(l), l)
		}
	}
}
