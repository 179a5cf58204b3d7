package store

import (
	"crypto/sha256"
	"errors"
	"slices"
	"testing"

	"phivault/vault"
)

func TestTheJournalsStateIsKept(t *testing.T) {
	s := device(t, 1)
	for k, v := range map[string]string{"a/1": "x", "a/2": "y", "b": "z"} {
		if err := s.SetState(ctx, k, []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetState(ctx, "a/1", []byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := s.SetState(ctx, "a/2", nil); err != nil {
		t.Fatal(err)
	}
	v, err := s.State(ctx, "a/1")
	gone, err2 := s.State(ctx, "a/2")
	keys, err3 := s.States(ctx, "a/")
	if err := errors.Join(err, err2, err3); err != nil || string(v) != "new" || gone != nil || !slices.Equal(keys, []string{"a/1"}) {
		t.Errorf("%v: %q %q %v", err, v, gone, keys)
	}
}

func TestUnpackHoldsABodyToItsHeader(t *testing.T) {
	s := device(t, 1)
	p := []byte("a payload, a payload, a payload, a payload")
	body, err := s.pack.pack(p)
	if err != nil {
		t.Fatal(err)
	}
	h := vault.Header{Payload: sha256.Sum256(p), Length: uint64(len(p))}
	if got, err := s.Unpack(h, body); err != nil || string(got) != string(p) {
		t.Errorf("%q, %v", got, err)
	}
	for name, h := range map[string]vault.Header{"hash": {Length: h.Length}, "length": {Payload: h.Payload, Length: 1}} {
		if got, err := s.Unpack(h, body); !errors.Is(err, vault.ErrIntegrity) || got != nil {
			t.Errorf("another %s: %v", name, err)
		}
	}
}
