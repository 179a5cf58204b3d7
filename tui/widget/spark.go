package widget

import "math"

var blocks = []rune("▁▂▃▄▅▆▇█")

// Spark draws the last n values, oldest first, one column each; a NaN is a gap.
// It shows a shape only: no number can be read off it.
func Spark(values []float64, n int) string {
	if len(values) > n {
		values = values[len(values)-n:]
	}
	least, most := math.Inf(1), math.Inf(-1)
	count := 0
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			least, most = min(least, v), max(most, v)
			count++
		}
	}
	if count < 2 {
		return "–"
	}
	out := make([]rune, 0, len(values))
	for _, v := range values {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			out = append(out, '·')
		case least == most:
			out = append(out, blocks[3])
		default:
			// Halves: the distance of two numbers may be none any more.
			share := (v/2 - least/2) / (most/2 - least/2)
			out = append(out, blocks[int(math.Round(share*float64(len(blocks)-1)))])
		}
	}
	return string(out)
}
