package widget

// Change is one line of a comparison.
type Change struct {
	Op   byte // ' ' in both, '-' only before, '+' only after
	Text string
}

// diffMost bounds the table of the comparison: beyond it, what lies between the
// common beginning and end is shown as replaced whole.
const diffMost = 4 << 20

// Diff compares two texts by lines: the longest common subsequence, so that each
// line that stands in both in the same order is shown once.
func Diff(before, after []string) []Change {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	tail := 0
	for tail < len(before)-head && tail < len(after)-head && before[len(before)-1-tail] == after[len(after)-1-tail] {
		tail++
	}
	var out []Change
	for _, l := range before[:head] {
		out = append(out, Change{' ', l})
	}
	out = append(out, middle(before[head:len(before)-tail], after[head:len(after)-tail])...)
	for _, l := range before[len(before)-tail:] {
		out = append(out, Change{' ', l})
	}
	return out
}

func middle(a, b []string) (out []Change) {
	if len(a)*len(b) > diffMost {
		for _, l := range a {
			out = append(out, Change{'-', l})
		}
		for _, l := range b {
			out = append(out, Change{'+', l})
		}
		return out
	}
	// common[i][j] is the length of the longest common subsequence of a[i:], b[j:].
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, Change{' ', a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			out = append(out, Change{'-', a[i]})
			i++
		default:
			out = append(out, Change{'+', b[j]})
			j++
		}
	}
	return out
}
