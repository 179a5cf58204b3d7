package store

import (
	"bytes"
	"hash/maphash"
	"strconv"
	"strings"
	"sync"

	"phivault/vault"
)

// Facets are terms that no text can contain: they begin with a private-use
// character, which text never keeps. They make "this patient, this code, these
// words" one query of the full-text index.
const (
	facetSubject = "\ue000" // + subject, base 36
	facetType    = "\ue001" // + resourceType
	facetCode    = "\ue002" // + hash of code
	facetSystem  = "\ue003" // + hash of system|code
	facetTitle   = "\ue004" // + a word of the title
	facetSeries  = "\ue005" // + subject, base 36 + "." + hash of code
)

const (
	maxTerm   = 64     // bytes; longer words are cut
	maxTerms  = 50_000 // of one record
	maxCodes  = 64
	minPrefix = 3 // letters before a *
)

func subjectFacet(subject int64) string { return facetSubject + strconv.FormatInt(subject, 36) }

// seriesFacet stands for one subject's records of one code.
func seriesFacet(subject int64, hash string) string {
	return facetSeries + strconv.FormatInt(subject, 36) + "." + hash
}

// seriesOf gives the series of the codes that stand in terms, each with a space behind it.
func seriesOf(subject int64, terms string) string {
	var b []byte
	for {
		term, rest, _ := strings.Cut(terms, " ")
		hash, code := strings.CutPrefix(term, facetCode)
		if code {
			b = append(append(b, seriesFacet(subject, hash)...), ' ')
		} else if !strings.HasPrefix(term, facetType) && !strings.HasPrefix(term, facetSystem) {
			return string(b)
		}
		terms = rest
	}
}

// appendHash appends facet and the hash of the parts, joined, in base 36 (FNV-1a, its
// upper 40 bits).
func appendHash(b []byte, facet string, parts ...string) []byte {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for _, p := range parts {
		for i := 0; i < len(p); i++ {
			h = (h ^ uint64(p[i])) * prime
		}
	}
	return strconv.AppendUint(append(b, facet...), h>>24, 36)
}

// hashFacet is the facet of a code, or of a system and code with a bar between them.
func hashFacet(facet, text string) string { return string(appendHash(nil, facet, text)) }

// termSet gathers distinct terms, separated by spaces. It remembers where each stands
// and allocates for none.
type termSet struct {
	out   []byte
	ends  []uint32 // of each term, in out
	slots []uint32 // by hash: the term's number, from 1; 0 is free
	seed  maphash.Seed
	tmp   []byte // the term to be added
}

// fewSlots are enough for most records and soon emptied.
const fewSlots = 1 << 10

var termSets = sync.Pool{New: func() any {
	return &termSet{slots: make([]uint32, fewSlots), seed: maphash.MakeSeed()}
}}

func (t *termSet) reset() {
	t.out, t.ends = t.out[:0], t.ends[:0]
	if len(t.slots) > fewSlots {
		t.slots = make([]uint32, fewSlots)
	}
	clear(t.slots)
}

// termsOf gives the distinct terms of r, separated by spaces. The subject's
// facet is added when the record is appended.
func termsOf(r *vault.Resource) []byte {
	t := termSets.Get().(*termSet)
	defer termSets.Put(t)
	t.reset()
	t.tmp = append(append(t.tmp[:0], facetType...), strings.ToLower(r.Type)...)
	t.add(t.tmp)
	for i, c := range r.Codings {
		if i == maxCodes {
			break
		}
		t.tmp = appendHash(t.tmp[:0], facetCode, c.Code)
		t.add(t.tmp)
		t.tmp = appendHash(t.tmp[:0], facetSystem, c.System, "|", c.Code)
		t.add(t.tmp)
	}
	eachWord(r.Title, func(w []byte) bool {
		t.tmp = append(append(t.tmp[:0], facetTitle...), w...)
		return t.add(t.tmp)
	})
	eachWord(r.Title, t.add)
	eachWord(r.Text, t.add)
	return bytes.Clone(t.out)
}

// add keeps a term that is not there yet and reports whether more may come.
func (t *termSet) add(term []byte) bool {
	if 2*len(t.ends) >= len(t.slots) {
		t.grow()
	}
	mask := uint64(len(t.slots) - 1)
	for i := maphash.Bytes(t.seed, term) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			if len(t.out) > 0 {
				t.out = append(t.out, ' ')
			}
			t.out = append(t.out, term...)
			t.ends = append(t.ends, uint32(len(t.out)))
			t.slots[i] = uint32(len(t.ends))
			break
		}
		if bytes.Equal(t.term(n), term) {
			break
		}
	}
	return len(t.ends) < maxTerms
}

// term is the n-th term, from 1.
func (t *termSet) term(n uint32) []byte {
	start := uint32(0)
	if n > 1 {
		start = t.ends[n-2] + 1
	}
	return t.out[start:t.ends[n-1]]
}

func (t *termSet) grow() {
	t.slots = make([]uint32, 4*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n := range t.ends {
		i := maphash.Bytes(t.seed, t.term(uint32(n+1))) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n + 1)
	}
}
