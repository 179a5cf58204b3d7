package fhirjson

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"phivault/vault"
)

// Real lines are longer than any look at a file's beginning should need to be.
func TestLinesAreSeenWhereTheFirstIsLong(t *testing.T) {
	long := strings.Repeat("x", 20_000)
	patient := func(n int, more string) string {
		return fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","text":{"status":"generated","div":"%s"}}`, n, more)
	}
	for name, c := range map[string]struct {
		first string
		items int
		bad   int
	}{
		"whole":                        {patient(1, long), 3, 0},
		"a Bundle":                     {`{"resourceType":"Bundle","type":"collection","entry":[{"resource":` + patient(1, long) + `}]}`, 3, 0},
		"breaks off within a string":   {patient(1, long)[:15_000], 2, 1},
		"is no JSON behind its braces": {patient(1, long) + "}", 2, 1},
	} {
		var items, bad int
		text := c.first + "\n" + patient(2, "") + "\n" + patient(3, long) + "\n"
		for _, err := range (Codec{}).Decode(context.Background(), "export", strings.NewReader(text), vault.DecodeOptions{}) {
			if err != nil {
				bad++
			} else {
				items++
			}
		}
		if items != c.items || bad != c.bad {
			t.Errorf("%s: %d resources and %d refusals, want %d and %d", name, items, bad, c.items, c.bad)
		}
	}
}
