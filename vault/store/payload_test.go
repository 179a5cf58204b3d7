package store

import (
	"bytes"
	"testing"
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
