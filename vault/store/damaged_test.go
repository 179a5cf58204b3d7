package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"phivault/vault"
)

// TestVerifyGoesOnBehindADamagedPage: whatever page is altered, as long as the
// database opens at all, Verify names a problem and ends without an error.
func TestVerifyGoesOnBehindADamagedPage(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	for i := range 60 {
		json := strings.Replace(weight, `"w1"`, fmt.Sprintf(`"w%d"`, i), 1)
		addJSON(t, s, strings.Replace(json, "71.50", fmt.Sprintf("7%d.50", i), 1))
	}
	if err := s.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	name := filepath.Base(s.path)
	whole := filesIn(t, filepath.Dir(s.path))[name]
	opened, further := 0, 0
	for at := 6000; at < len(whole); at += 4096 {
		b := []byte(whole)
		b[at] ^= 1
		path := place(t, map[string]string{name: string(b)})
		o := s.o
		o.Check, o.Committed = nil, nil
		d, err := Open(ctx, path, o)
		if err != nil {
			if !errors.Is(err, vault.ErrIntegrity) {
				t.Errorf("byte %d: %v", at, err)
			}
			continue
		}
		opened++
		pages, others := 0, 0
		out, err := d.Verify(ctx, false, func(p vault.Problem) {
			if p.Kind == "page" {
				pages++
			} else {
				others++
			}
		}, nil)
		if err != nil || pages == 0 {
			t.Errorf("byte %d: %d pages, %d other problems: %v", at, pages, others, err)
		}
		if out.Entries > 0 {
			further++
		}
		if err := d.Close(); err != nil && !errors.Is(err, vault.ErrIntegrity) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
	if opened < 3 || further == 0 {
		t.Errorf("%d databases opened, %d were read on: nothing was tested", opened, further)
	}
}
