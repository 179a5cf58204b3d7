package widget

import (
	"errors"
	"strings"
	"testing"

	"rsc.io/qr"
)

// What is drawn is the code, module by module, and a margin.
func TestAQRCodeIsDrawnAsItIs(t *testing.T) {
	for _, text := range []string{"phivault1.", "phivault1." + strings.Repeat("aZ09-_", 40)} {
		for _, quiet := range []int{2, 3, 4} {
			lines, err := QR(text, quiet)
			if err != nil {
				t.Fatal(err)
			}
			c, err := qr.Encode(text, qr.L)
			if err != nil {
				t.Fatal(err)
			}
			n := c.Size + 2*quiet
			if len(lines) != (n+1)/2 {
				t.Fatalf("%d lines for %d modules", len(lines), n)
			}
			for y := range n {
				row := []rune(lines[y/2])
				if len(row) != n {
					t.Fatalf("%d columns for %d modules", len(row), n)
				}
				for x, r := range row {
					drawn := r == '█' || r == '▀' && y%2 == 0 || r == '▄' && y%2 == 1
					inside := x >= quiet && y >= quiet && x < n-quiet && y < n-quiet
					if want := inside && c.Black(x-quiet, y-quiet); drawn != want {
						t.Fatalf("module %d, %d is %v", x, y, drawn)
					}
				}
			}
		}
	}
	if lines, err := QR(strings.Repeat("long", 2000), 4); !errors.Is(err, ErrQR) || lines != nil {
		t.Error(err)
	}
}
