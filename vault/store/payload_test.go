package store

import (
	"bytes"
	"slices"
	"testing"

	"phivault/vault/store/internal/frames"
	"phivault/vault/synth"
)

// What is short is kept as it is, what is longer is packed, and both come back.
func TestShortPayloadsAreNotPacked(t *testing.T) {
	var p packer
	defer p.close()
	for _, tt := range []struct {
		length  int
		packing byte
	}{{0, packRaw}, {1, packRaw}, {packFrom - 1, packRaw}, {packFrom, packDict}, {10_000, packDict}} {
		payload := bytes.Repeat([]byte("a note "), tt.length)[:tt.length]
		body, err := p.pack(payload)
		if err != nil {
			t.Fatal(err)
		}
		back, err := p.unpack(body)
		if body[0] != tt.packing || err != nil || !bytes.Equal(back, payload) {
			t.Errorf("%d bytes: packing %d, want %d: %v", tt.length, body[0], tt.packing, err)
		}
		if said, ok := unpacked(body); ok && said != uint64(tt.length) {
			t.Errorf("%d bytes say that they are %d", tt.length, said)
		}
	}
}

// A frame that would not come back as what was packed is not kept.
func TestNoFrameIsTakenOnTrust(t *testing.T) {
	var p packer
	defer p.close()
	if err := p.init(); err != nil {
		t.Fatal(err)
	}
	// The same tables, and the content elsewhere: an offset into it means something else.
	half := len(dictionary1) / 2
	other := slices.Concat(dictionary1[:half], dictionary1[half+100:], dictionary1[half:half+100])
	wrong, err := frames.New(other)
	if err != nil {
		t.Fatal(err)
	}
	p.frames = func() (*frames.Dictionary, error) { return wrong, nil }
	refused := 0
	for j := range synth.New(synth.Options{Seed: 3, Records: 100}).Resources() {
		if frame, ok := wrong.Append([]byte{packDict}, j); ok && !p.says(frame, j) {
			refused++
		}
		body, err := p.pack(j)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := p.unpack(body); err != nil || !bytes.Equal(back, j) {
			t.Fatalf("a record of %d bytes did not come back: %v", len(j), err)
		}
	}
	if refused == 0 {
		t.Error("every frame of the wrong dictionary was right: this test shows nothing")
	}
}
