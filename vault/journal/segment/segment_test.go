package segment

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"runtime"
	"slices"
	"testing"
	"testing/cryptotest"
	"time"

	"phivault/crypto/identity"
	"phivault/crypto/seal"
	"phivault/crypto/secret"
	"phivault/vault"
)

//go:generate go test -run ^TestVectors$ -update

var update = flag.Bool("update", false, "write the test vectors anew")

// Vectors of a segment that says when its entries were made, and of one that does not,
// as an earlier build wrote them.
const (
	vectorFile    = "testdata/segment.json"
	unclockedFile = "testdata/segment-unclocked.json"
)

func device(t testing.TB, n byte) *identity.Device {
	t.Helper()
	d, err := identity.NewDevice(bytes.Repeat([]byte{n}, 32), bytes.Repeat([]byte{n + 100}, 32))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Destroy)
	return d
}

func sample(t testing.TB) (*Segment, [][]byte) {
	d := device(t, 1)
	body := []byte("\x00payload")
	s := &Segment{VaultID: vault.Hash{9}, Place: vault.Place{Log: vault.LogID{Device: d.ID(), Number: 2}, Seq: 7}, Prev: vault.Hash{3},
		Epoch: EpochID{4}, Next: EpochID{5}, Clock: time.UnixMilli(1700000000123).UTC(), Last: true,
		Heads: []vault.Place{{Log: vault.LogID{Device: [16]byte{1}}, Seq: 3, Hash: vault.Hash{8}}, {Log: vault.LogID{Device: [16]byte{1}, Number: 1}, Seq: 0, Hash: vault.Hash{6}}},
		Entries: []vault.Header{
			{Kind: vault.KindPut, Record: vault.RecordID{1}, Parents: []vault.RevisionID{{1}, {2}}, Payload: sha256.Sum256(body[1:]), Length: 7},
			{Kind: vault.KindTombstone, Record: vault.RecordID{2}, Parents: []vault.RevisionID{{7}}, Payload: sha256.Sum256(nil)}},
		Made: []vault.Run{{Entries: 1, At: time.UnixMilli(1690000000456).UTC()}, {Entries: 1, At: time.UnixMilli(1690000001789).UTC()}}}
	s.Sign(d)
	return s, [][]byte{body, nil}
}

func TestASegmentComesBack(t *testing.T) {
	s, bodies := sample(t)
	got, err := Decode(s.Encode())
	if err != nil || !bytes.Equal(got.Encode(), s.Encode()) || got.Place != s.Place || !got.Clock.Equal(s.Clock) || !got.Last {
		t.Fatalf("%v", err)
	}
	if !got.Verify(device(t, 1).Public()) || got.Verify(device(t, 2).Public()) {
		t.Error("verifies for another device, or not for its own")
	}
	kept := vault.Segment{Place: s.Place, Head: s.Head(), Entries: []vault.SegmentEntry{{Header: s.Entries[0]}, {Header: s.Entries[1]}}}
	again, err := FromLedger(kept)
	if err != nil || !bytes.Equal(again.Encode(), s.Encode()) {
		t.Errorf("from the ledger: %v", err)
	}
	kept.Entries[0].Header.Length++
	if _, err := FromLedger(kept); !errors.Is(err, ErrFormat) {
		t.Errorf("a changed ledger: %v", err)
	}
	key := secret.Random(32)
	k, err := NewKeys(EpochID{4}, key)
	if err != nil {
		t.Fatal(err)
	}
	n := Space(s.VaultID).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	object, err := Seal(s, bodies, s.VaultID, k, n)
	if err != nil || len(object) != 4096 {
		t.Fatalf("%d bytes, %v", len(object), err)
	}
	opened, b, err := Open(object, s.VaultID, k, n)
	if err != nil || opened.Place != s.Place || !bytes.Equal(b[0], bodies[0]) || b[1] != nil {
		t.Errorf("%v", err)
	}
	other, _ := NewKeys(EpochID{5}, key)
	for name, try := range map[string]func() error{
		"another name":  func() error { _, _, err := Open(object, s.VaultID, k, Space(s.VaultID).Name([32]byte{})); return err },
		"another vault": func() error { _, _, err := Open(object, vault.Hash{1}, k, n); return err },
		"another epoch": func() error { _, _, err := Open(object, s.VaultID, other, n); return err },
	} {
		if err := try(); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOnlyTheFirstSegmentOfALaterLogCarries(t *testing.T) {
	object := func(c string) []byte { return bytes.Repeat([]byte(c), minObject) }
	carried := []Carried{{0, 3, object("a")}, {0, 4, object("b")}, {1, 0, object("c")}}
	s, bodies := sample(t)
	s.Place.Seq, s.Carried = 0, carried
	s.Sign(device(t, 1))
	got, _, err := ParsePlaintext(Plaintext(s, bodies))
	if err != nil || len(got.Carried) != 3 || got.Carried[2].Number != 1 || !bytes.Equal(got.Carried[1].Object, object("b")) {
		t.Fatalf("%v: %d carried", err, len(s.Carried))
	}
	bare := *s
	bare.Carried = nil
	if bare.Sign(device(t, 1)); bare.Place.Hash != s.Place.Hash || got.Place.Hash != s.Place.Hash {
		t.Error("what is carried changes the segment")
	}
	for name, change := range map[string]func(){
		"not the first":     func() { s.Place.Seq = 1 },
		"of the first log":  func() { s.Place.Log.Number = 0; s.Carried = carried[:1] },
		"of the log itself": func() { s.Carried = []Carried{{2, 0, object("a")}} },
		"not in order":      func() { s.Carried = []Carried{carried[1], carried[0]} },
		"one twice":         func() { s.Carried = []Carried{carried[0], carried[0]} },
		"nothing":           func() { s.Carried = []Carried{{0, 3, nil}} },
		// Seen to make a reader remember 200,000 places for one object of 4 MiB, and compare
		// each with all others, with anything taken for an object.
		"less than an object": func() { s.Carried = []Carried{{0, 3, object("a")[1:]}} },
	} {
		s.Place.Log.Number, s.Place.Seq, s.Carried = 2, 0, carried
		change()
		if _, _, err := ParsePlaintext(Plaintext(s, bodies)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEveryChangeIsRefusedOrChangesTheHashAndTheSignature(t *testing.T) {
	s, _ := sample(t)
	good, public := s.Encode(), device(t, 1).Public()
	for at := range good {
		b := bytes.Clone(good)
		b[at] ^= 1
		got, err := Decode(b)
		if err == nil && (got.Verify(public) || got.Place.Hash == s.Place.Hash) {
			t.Fatalf("byte %d changed and nobody noticed", at)
		}
		if _, err := Decode(good[:at]); err == nil {
			t.Fatalf("cut to %d", at)
		}
	}
	if _, err := Decode(append(bytes.Clone(good), 0)); err == nil {
		t.Error("a trailing byte")
	}
	reject := func(name string, f func(*Segment)) {
		s, _ := sample(t)
		f(s)
		if _, err := Decode(s.Encode()); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	reject("heads in disorder", func(s *Segment) { s.Heads[0], s.Heads[1] = s.Heads[1], s.Heads[0] })
	reject("a head twice", func(s *Segment) { s.Heads[1] = s.Heads[0] })
	reject("parents in disorder", func(s *Segment) { p := s.Entries[0].Parents; p[0], p[1] = p[1], p[0] })
	reject("kind 0", func(s *Segment) { s.Entries[0].Kind = 0 })
	reject("kind 10", func(s *Segment) { s.Entries[0].Kind = 10 })
	reject("a length beyond all", func(s *Segment) { s.Entries[0].Length = 1 << 40 })
	reject("too many entries", func(s *Segment) { s.Entries, s.Made = make([]vault.Header, MaxEntries+1), nil })
}

func TestHugeCountsCostNothing(t *testing.T) {
	s, _ := sample(t)
	s.Made = nil
	b := s.prefix()
	b = b[:len(b)-2*headSize-2]
	clocks := append(bytes.Clone(b), 0, 0, 0xf, 0xff)
	clocks[len(b)-1] |= flagClocks
	heads := append(bytes.Clone(b), 0xff, 0xff)
	entries := append(append(bytes.Clone(b), 0, 0), 0xff, 0xff, 0xff, 0xff)
	body := appendVar(nil, s.Encode())
	body = append(body, 0xff, 0xff, 0xff, 0xff)
	for name, f := range map[string]func(){
		"heads":   func() { _, _ = Decode(heads) },
		"entries": func() { _, _ = Decode(entries) },
		"clocks":  func() { _, _ = Decode(clocks) },
		"bodies":  func() { _, _, _ = ParsePlaintext(body) },
		"wraps":   func() { _, _ = DecodeMint(append(make([]byte, 69), 0xff, 0xff)) },
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 16 {
			f()
		}
		runtime.ReadMemStats(&after)
		if n := (after.TotalAlloc - before.TotalAlloc) / 16; n > 16<<10 {
			t.Errorf("%s: %d bytes allocated", name, n)
		}
	}
}

func TestControlPayloadsComeBack(t *testing.T) {
	p := device(t, 3).Public()
	wrap := bytes.Repeat([]byte{1}, identity.WrapSize)
	for name, m := range map[string]Member{
		"admission": {Admit: &Admission{Public: p, Role: RoleOwner, Name: "Käthe's laptop", Given: []EpochID{{1}, {2}}}},
		"spare":     {Admit: &Admission{Public: p, Role: RoleOwner, Name: "drawer", Given: []EpochID{{1}}, Spare: true}},
		"removals": {Remove: &Removal{Device: [16]byte{3}, Lower: []vault.Place{{Log: vault.LogID{Device: [16]byte{3}}, Seq: 9, Hash: vault.Hash{6}}},
			Keep: vault.Place{Log: vault.LogID{Device: [16]byte{3}, Number: 1}, Seq: 4, Hash: vault.Hash{5}}}},
		"removal":  {Remove: &Removal{Device: [16]byte{3}, Keep: vault.Place{Log: vault.LogID{Device: [16]byte{3}, Number: 1}, Seq: 4, Hash: vault.Hash{5}}}},
		"name":     {Name: &Naming{Device: [16]byte{3}, Name: "Käthe's laptop"}},
		"replaced": {Replace: Replace([32]byte{9}, [16]byte{3}, device(t, 3), false, EpochID{1}, EpochID{2})},
		"ended":    {Replace: Replace([32]byte{9}, [16]byte{3}, device(t, 3), true, EpochID{1}, EpochID{2})},
		"of all":   {Remove: &Removal{Device: [16]byte{3}, None: true}},
	} {
		b := m.Encode()
		got, err := DecodeMember(b)
		if err != nil || !bytes.Equal(got.Encode(), b) {
			t.Errorf("%s: %v", name, err)
		}
		for n := range b {
			if _, err := DecodeMember(b[:n]); !errors.Is(err, ErrFormat) {
				t.Fatalf("%s cut to %d: %v", name, n, err)
			}
		}
		if _, err := DecodeMember(append(b[:len(b):len(b)], 0)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s with a trailing byte: %v", name, err)
		}
	}
	m := Mint{Epoch: EpochID{1}, Commit: [32]byte{4}, Parent: EpochID{2}, Depth: 3, Wraps: []MintWrap{{[16]byte{1}, wrap}, {[16]byte{2}, wrap}}}
	got, err := DecodeMint(m.Encode())
	if err != nil || !bytes.Equal(got.Encode(), m.Encode()) {
		t.Errorf("mint: %v", err)
	}
	m.Wraps[0], m.Wraps[1] = m.Wraps[1], m.Wraps[0]
	if _, err := DecodeMint(m.Encode()); !errors.Is(err, ErrFormat) {
		t.Errorf("recipients in disorder: %v", err)
	}
	for name, wraps := range map[string][]MintWrap{"none": nil, "twice": {{[16]byte{1}, wrap}, {[16]byte{1}, wrap}}} {
		m.Wraps = wraps
		if _, err := DecodeMint(m.Encode()); !errors.Is(err, ErrFormat) {
			t.Errorf("recipients %s: %v", name, err)
		}
	}
}

type vector struct {
	SigningSeed, EpochKey, EpochID, VaultID, Encoded, Hash string
	SegmentName, PackName, PayloadName, InboxName, BlobKey string
	SegmentObjectName, SegmentObject                       string
}

// The vectors are checked against the specification written out here.
func TestVectors(t *testing.T) {
	s, bodies := sample(t)
	testVector(t, vectorFile, s, bodies)
}

// What earlier builds signed stays what it was: without clocks.
func TestVectorWithoutClocks(t *testing.T) {
	s, bodies := sample(t)
	s.Made = nil
	s.Sign(device(t, 1))
	testVector(t, unclockedFile, s, bodies)
}

func testVector(t *testing.T, file string, s *Segment, bodies [][]byte) {
	h := hex.EncodeToString
	key := bytes.Repeat([]byte{7}, 32)
	k, err := NewKeys(s.Epoch, secret.FromBytes(bytes.Clone(key)))
	if err != nil {
		t.Fatal(err)
	}
	id := func(b [32]byte) string { return h(b[:]) }
	name := Space(s.VaultID).Name(k.SegmentName(s.Place.Log, s.Place.Seq))
	if *update && file == vectorFile {
		cryptotest.SetGlobalRandom(t, 5)
		object, err := Seal(s, bodies, s.VaultID, k, name)
		if err != nil {
			t.Fatal(err)
		}
		v := vector{h(bytes.Repeat([]byte{1}, 32)), h(key), h(s.Epoch[:]), h(s.VaultID[:]), h(s.Encode()), s.Place.Hash.String(),
			id(k.SegmentName(s.Place.Log, s.Place.Seq)), id(k.PackName(s.Place.Log, 0)), id(k.PayloadName(s.Entries[0].Payload)),
			id(InboxName(k.Inbox(s.Place.Log.Device), [16]byte{2}, 3)), h(k.BlobKey().Bytes()), name.String(), h(object)}
		out, _ := json.MarshalIndent(v, "", "  ")
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, append(out, '\n'), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	unhex := func(s string) []byte { b, _ := hex.DecodeString(s); return b }
	u64 := func(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
	derive := func(x string) []byte {
		b, _ := hkdf.Key(sha512.New, unhex(v.EpochKey), unhex(v.EpochID), "phivault/epoch/v1/"+x, 32)
		return b
	}
	mac := func(key []byte, parts ...[]byte) string {
		m := hmac.New(sha256.New, key)
		m.Write(bytes.Join(parts, nil))
		return h(m.Sum(nil))
	}
	encoded := unhex(v.Encoded)
	sum, dev := sha256.Sum256(encoded), encoded[34:50]
	payload := sha256.Sum256(bytes.Join([][]byte{[]byte("payload"), s.Entries[0].Payload[:], derive("name")}, nil))
	for what, pair := range map[string][2]string{
		"hash":         {h(sum[:]), v.Hash},
		"segment name": {mac(derive("name"), []byte("segment\x00"), dev, u64(2), u64(7)), v.SegmentName},
		"pack name":    {mac(derive("name"), []byte("pack\x00"), dev, u64(2), u64(0)), v.PackName},
		"payload name": {h(payload[:]), v.PayloadName},
		"inbox name":   {mac(derive("inbox"+string(dev)), append([]byte{2}, make([]byte, 15)...), u64(3)), v.InboxName},
		"blob key":     {h(derive("blob")), v.BlobKey},
		"encoding":     {h(s.Encode()), v.Encoded},
		"object name":  {name.String(), v.SegmentObjectName},
	} {
		if pair[0] != pair[1] || pair[0] == "" {
			t.Errorf("the specification makes another %s", what)
		}
	}
	signing := ed25519.NewKeyFromSeed(unhex(v.SigningSeed)).Public().(ed25519.PublicKey)
	signed := append([]byte("phivault/segment/v1\x00"), encoded[:len(encoded)-64]...)
	if !ed25519.Verify(signing, signed, encoded[len(encoded)-64:]) {
		t.Error("the signature does not verify as specified")
	}
	if got, b, err := Open(unhex(v.SegmentObject), s.VaultID, k, name); err != nil || got.Place != s.Place || !slices.Equal(got.Made, s.Made) || !bytes.Equal(b[0], bodies[0]) {
		t.Errorf("the object: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	s, bodies := sample(f)
	f.Add(s.Encode())
	f.Add(Plaintext(s, bodies))
	for _, made := range unclocked() {
		s.Made = made
		f.Add(s.Encode())
	}
	s.Entries = nil
	f.Add(s.Encode())
	s, bodies = sample(f)
	s.Made = nil
	f.Add(s.Encode())
	s.Place.Seq, s.Carried = 0, []Carried{{0, 3, bytes.Repeat([]byte("o"), minObject)}}
	f.Add(Plaintext(s, bodies))
	f.Fuzz(func(t *testing.T, b []byte) {
		if s, err := Decode(b); err == nil && !bytes.Equal(s.Encode(), b) {
			t.Error("a second encoding of one segment")
		} else if err != nil && s != nil {
			t.Error("a result beside an error")
		}
		if s, bodies, err := ParsePlaintext(b); err == nil && !bytes.Equal(Plaintext(s, bodies), b) {
			t.Error("a second plaintext of one segment")
		}
		if m, err := DecodeMember(b); err == nil && !bytes.Equal(m.Encode(), b) {
			t.Error("a second encoding of one membership")
		}
		if m, err := DecodeMint(b); err == nil && !bytes.Equal(m.Encode(), b) {
			t.Error("a second encoding of one epoch")
		}
	})
}
