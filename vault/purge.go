package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"
)

// Content names what a put or a blob entry brought: the record that the entry is
// about, and the hash of its payload. Whoever wrote it, and however often, it is
// the same content.
type Content struct {
	Record  RecordID
	Payload Hash
}

// MostPurged bounds the contents that one purge entry names.
const MostPurged = 4096

const (
	purgeV1     = 1
	contentSize = 16 + 32
)

// EncodePurge gives the payload of a purge entry: version u8 1 · number of contents
// u16, not 0 · for each, ascending and none twice: record id 16 · payload hash 32.
// It sorts contents. There are 1 to MostPurged of them.
func EncodePurge(contents []Content) []byte {
	slices.SortFunc(contents, compareContents)
	b := binary.BigEndian.AppendUint16([]byte{purgeV1}, uint16(len(contents)))
	for _, c := range contents {
		b = append(append(b, c.Record[:]...), c.Payload[:]...)
	}
	return b
}

// DecodePurge reads what EncodePurge gave, and nothing else: ErrIntegrity.
func DecodePurge(b []byte) ([]Content, error) {
	malformed := fmt.Errorf("%w: a purge is malformed", ErrIntegrity)
	if len(b) < 3 || b[0] != purgeV1 {
		return nil, malformed
	}
	n := int(binary.BigEndian.Uint16(b[1:]))
	if b = b[3:]; n == 0 || n > MostPurged || len(b) != n*contentSize {
		return nil, malformed
	}
	out := make([]Content, n)
	for i := range out {
		copy(out[i].Record[:], b)
		copy(out[i].Payload[:], b[16:])
		if b = b[contentSize:]; i > 0 && compareContents(out[i-1], out[i]) >= 0 {
			return nil, malformed
		}
	}
	return out, nil
}

func compareContents(a, b Content) int {
	if c := bytes.Compare(a.Record[:], b.Record[:]); c != 0 {
		return c
	}
	return bytes.Compare(a.Payload[:], b.Payload[:])
}

// Purge tells who removed a content on purpose.
type Purge struct {
	Device [16]byte
	At     time.Time // its clock, for display only
	Sent   bool      // as in Revision
}

// Purges tells of contents that came as removed on purpose. Implemented by vault/store.
type Purges interface {
	// Unexplained gives the segments with such a content that no purge which stands
	// names, as far as is known here.
	Unexplained(ctx context.Context) ([]Place, error)
}

// Purged counts what was removed on purpose.
type Purged struct {
	Contents    int // revisions
	Attachments int
}
