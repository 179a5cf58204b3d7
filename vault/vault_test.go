package vault

import (
	"testing"
)

func TestPersonDiffersOnlyWhenNothingAgrees(t *testing.T) {
	ann := func() *Person {
		return &Person{Names: []string{"berg|ann"}, BirthDate: "1950-01-01", Identifiers: []Identifier{{"urn:mrn", "1"}}}
	}
	other := &Person{Names: []string{"holm|eva"}, BirthDate: "1999-09-09", Identifiers: []Identifier{{"urn:mrn", "2"}}}
	if !ann().Differs(other) {
		t.Error("two people are taken for one")
	}
	for name, change := range map[string]func(p *Person){
		"name":       func(p *Person) { p.Names = append(p.Names, "holm|eva") },
		"birth date": func(p *Person) { p.BirthDate = other.BirthDate },
		"identifier": func(p *Person) { p.Identifiers = other.Identifiers },
		"no name":    func(p *Person) { p.Names = nil },
		"no date":    func(p *Person) { p.BirthDate = "" },
	} {
		p := ann()
		change(p)
		if p.Differs(other) {
			t.Errorf("%s agrees or is unknown, yet they differ", name)
		}
	}
	if ann().Differs(nil) {
		t.Error("nobody differs")
	}
}

func TestRecordIDsDoNotShiftBetweenParts(t *testing.T) {
	seen := map[RecordID]string{}
	for _, p := range [][3]string{{"a", "b", "c"}, {"ab", "", "c"}, {"a", "bc", ""}, {"", "ab", "c"}, {"", "", "abc"}} {
		id := RecordIDOf(p[0], p[1], p[2])
		if other, ok := seen[id]; ok {
			t.Errorf("%v and %s have one id", p, other)
		}
		seen[id] = p[0] + "/" + p[1] + "/" + p[2]
		if back, err := ParseRecordID(id.String()); err != nil || back != id {
			t.Errorf("%s does not read back: %v", id, err)
		}
	}
}

// Made by an independent implementation of FORMAT.md; they change only with the
// format.
const (
	revisionVector = "05702a3a14c49c1ba9d3f8facc020f538e83155b06cf4263858c4ac859b5396d"
	chainVector    = "78fd9f36dd0d083686dd6f5a932f581d8dbb015bfdcb5b28ca477cbded2c7a50"
)

func TestHeaderEncodingAndChainAreFixed(t *testing.T) {
	h := Header{Kind: KindPut, Record: RecordIDOf("s", "Patient", "1"), Parents: []RevisionID{{1}, {2}}, Payload: Hash{3}, Length: 258}
	b, _ := h.AppendBinary(nil)
	if len(b) != 1+16+2+2*32+32+8 || b[0] != 1 || b[len(b)-2] != 1 || b[len(b)-1] != 2 || b[18] != 2 {
		t.Errorf("the canonical header is %x", b)
	}
	if got := RevisionIDOf(h).String(); got != revisionVector {
		t.Errorf("revision id %s", got)
	}
	if got := Hash(ChainStart(Hash{1}, [16]byte{2}, 3).Next(h)).String(); got != chainVector {
		t.Errorf("chain %s", got)
	}
	c := ChainStart(Hash{1}, [16]byte{2}, 3)
	if c == ChainStart(Hash{1}, [16]byte{2}, 4) || c.Next(h) == c.Next(Header{Kind: KindPut}) || c.Next(h) == c {
		t.Error("the chain does not depend on everything it hashes")
	}
}
