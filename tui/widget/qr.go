package widget

import (
	"errors"
	"strings"

	"rsc.io/qr"
)

// ErrQR is a text that no QR code holds.
var ErrQR = errors.New("too long for a QR code")

// QR draws text as a QR code (ISO/IEC 18004), error correction level L, two rows of
// it in one line by half blocks, within a margin of quiet modules: 4 are the
// standard's, cameras do with 2. What is drawn is its dark; it must be shown dark on
// light, whatever the terminal's own colours are (theme.Theme.Paper).
func QR(text string, quiet int) (lines []string, err error) {
	c, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, ErrQR
	}
	n := c.Size + 2*quiet
	dark := func(x, y int) bool { return c.Black(x-quiet, y-quiet) } // false beyond its edges
	for y := 0; y < n; y += 2 {
		var b strings.Builder
		for x := range n {
			switch up, down := dark(x, y), dark(x, y+1); {
			case up && down:
				b.WriteRune('█')
			case up:
				b.WriteRune('▀')
			case down:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		lines = append(lines, b.String())
	}
	return lines, nil
}
