package main

import (
	"context"
	"testing"

	"phivault/vault/local"
)

// The key that is to follow is kept for the device that drew it: a copy, or the device
// with fresh keys, draws its own.
func TestTheNextKeyIsForOneDevice(t *testing.T) {
	s, ctx := &session{}, context.Background()
	first, a, err := s.nextKey(ctx, local.Remote{}, "one")
	if err != nil {
		t.Fatal(err)
	}
	again, b, err := s.nextKey(ctx, first, "one")
	if err != nil || !a.Equal(b) || again.Secrets[secretNext] != first.Secrets[secretNext] {
		t.Errorf("another key for the same device: %v", err)
	}
	if _, c, err := s.nextKey(ctx, first, "two"); err != nil || a.Equal(c) {
		t.Errorf("the same key for another device: %v", err)
	}
}
