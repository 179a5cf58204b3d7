package vault

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"
)

// Kind says what an entry of the log records. The numbers are part of the
// vault format and never change their meaning.
type Kind uint8

const (
	KindPut       Kind = 1 // a revision of a record; payload: the record's bytes
	KindTombstone Kind = 2 // a deletion; no payload
	KindMember    Kind = 3 // membership of a device; the first entry of a vault holds its genesis
	KindEpoch     Kind = 4 // a minted epoch key
	KindBlob      Kind = 5 // an attachment; payload: BlobNote
	KindImport    Kind = 6 // the act of importing; payload: ImportNote
	KindAudit     Kind = 7 // who did what; payload: AuditNote
	KindRemote    Kind = 8 // settings of a remote
	KindPurge     Kind = 9 // names payloads that may be missing
)

var kindNames = [...]string{KindPut: "put", KindTombstone: "tombstone", KindMember: "member", KindEpoch: "epoch",
	KindBlob: "blob", KindImport: "import", KindAudit: "audit", KindRemote: "remote", KindPurge: "purge"}

func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Header is what the log keeps of an entry for ever, with or without its payload.
type Header struct {
	Kind    Kind
	Record  RecordID     // zero for entries that are about no record
	Parents []RevisionID // the revisions this one follows, sorted
	Payload Hash         // SHA-256 of the payload; of the empty string when there is none
	Length  uint64       // bytes of payload
}

// AppendBinary appends the canonical encoding, the bytes that the chain hashes:
// kind u8, record id 16, count of parents u16, parents 32 each, payload hash
// 32, length u64; numbers are big-endian.
func (h Header) AppendBinary(b []byte) ([]byte, error) {
	b = append(b, byte(h.Kind))
	b = append(b, h.Record[:]...)
	b = appendParents(b, h.Parents)
	b = append(b, h.Payload[:]...)
	return binary.BigEndian.AppendUint64(b, h.Length), nil
}

func appendParents(b []byte, parents []RevisionID) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(parents)))
	for _, p := range parents {
		b = append(b, p[:]...)
	}
	return b
}

// Chain is the running hash of a device's log: the hash of everything it says
// so far.
type Chain Hash

// ChainStart is the value before the first entry of log number log of device in
// the vault.
func ChainStart(vaultID Hash, device [16]byte, log uint64) Chain {
	b := append([]byte("phivault log v1\x00"), vaultID[:]...)
	b = append(b, device[:]...)
	b = binary.BigEndian.AppendUint64(b, log)
	return Chain(sha256.Sum256(b))
}

// Next is the value after the entry with header h.
func (c Chain) Next(h Header) Chain {
	var buf [192]byte
	b := append(buf[:0], "phivault entry v1\x00"...)
	b = append(b, c[:]...)
	b, _ = h.AppendBinary(b)
	return Chain(sha256.Sum256(b))
}

// Entry is one entry as the log gives it back.
type Entry struct {
	Number  int64     // position in this vault's database, from 1, ascending
	At      time.Time // the device's clock when it was written; for display only; see Revision.Sent
	Device  [16]byte
	Header  Header
	Payload []byte // nil when not asked for
}
