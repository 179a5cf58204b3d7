package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// views are the writer's bounded memories of small tables.
type views struct {
	words      map[string]int64
	subjects   map[subjectKey]int64
	vocabulary map[string]struct{}
	lexicon    *lexicon
}

type subjectKey struct {
	source int64
	ref    string
}

const maxSubjects = 50_000

func newViews() *views {
	return &views{words: map[string]int64{}, subjects: map[subjectKey]int64{}, vocabulary: map[string]struct{}{}, lexicon: newLexicon()}
}

// word numbers a resource type or a source.
func (t *tx) word(ctx context.Context, text string) (n int64, err error) {
	if n, ok := t.s.cache.words[text]; ok {
		return n, nil
	}
	ok, err := t.w.row(ctx, []any{&n}, "SELECT word FROM word WHERE text=?", text)
	if err != nil {
		return 0, err
	}
	if !ok {
		if err := t.w.run("INSERT INTO word(text) VALUES(?)", text); err != nil {
			return 0, err
		}
		if _, err := t.w.row(ctx, []any{&n}, "SELECT word FROM word WHERE text=?", text); err != nil {
			return 0, err
		}
	}
	t.s.cache.words[text] = n
	return n, nil
}

// subject numbers the patient that p is about: each way of referring to one
// has a number, and learns which record it means once that record is here. A
// Patient's own subject is the way its id is referred to.
func (t *tx) subject(ctx context.Context, p *vault.Put, source, record int64) (int64, error) {
	r := p.Resource
	if r.Type != "Patient" {
		ref := subjectRef(r.Subject)
		if ref == "" {
			return 0, nil
		}
		return t.subjectOf(ctx, p.Source, source, ref)
	}
	own := selfRefs(p)
	n, err := t.subjectOf(ctx, p.Source, source, own[0])
	if err != nil {
		return 0, err
	}
	if err := t.w.run("UPDATE subject SET record=?,patient=? WHERE subject=?", record, p.ID[:], n); err != nil {
		return 0, err
	}
	for _, ref := range own[1:] {
		if err := t.w.run("UPDATE subject SET record=?,patient=? WHERE source=? AND ref=? AND record IS NULL", record, p.ID[:], source, ref); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// meansNow has a reference to a patient mean another record, or none.
const meansNow = "UPDATE subject SET record=?1,patient=(SELECT id FROM record WHERE record=?1) WHERE subject=?2"

func (t *tx) subjectOf(ctx context.Context, sourceName string, source int64, ref string) (n int64, err error) {
	k := subjectKey{source, ref}
	if n, ok := t.s.cache.subjects[k]; ok {
		return n, nil
	}
	ok, err := t.w.row(ctx, []any{&n}, "SELECT subject FROM subject WHERE source=? AND ref=?", source, ref)
	if err != nil {
		return 0, err
	}
	if !ok {
		n = t.s.next.subject
		t.s.next.subject++
		means, err := resolve(ctx, t.w, sourceName, ref, "Patient")
		if err != nil && !isMissing(err) {
			return 0, err
		}
		if err := t.w.run("INSERT INTO subject(subject,source,ref,record,patient) VALUES(?1,?2,?3,?4,(SELECT id FROM record WHERE record=?4))", n, source, ref, null(means)); err != nil {
			return 0, err
		}
	}
	if len(t.s.cache.subjects) >= maxSubjects {
		clear(t.s.cache.subjects)
	}
	t.s.cache.subjects[k] = n
	return n, nil
}

// subjectRef is the one spelling of a reference to a patient that leaves the
// resource; "" when it does not.
func subjectRef(ref string) string {
	r := fhir.ParseReference(ref)
	switch r.Kind {
	case fhir.Relative, fhir.Absolute:
		if r.ID == "" {
			return ""
		}
		return r.Type + "/" + r.ID
	case fhir.URN:
		return r.URN
	case fhir.Conditional:
		return conditionalRef(r)
	}
	return ""
}

func conditionalRef(r fhir.Reference) string {
	return r.Type + "?identifier=" + identifierText(vault.Identifier{System: r.System, Value: r.Value})
}

func identifierText(i vault.Identifier) string {
	if i.System == "" {
		return i.Value
	}
	return i.System + "|" + i.Value
}

// selfRefs are the ways in which others may refer to the Patient of p; the
// first is always there.
func selfRefs(p *vault.Put) (refs []string) {
	r := p.Resource
	if r.ID != "" {
		refs = append(refs, selfRef(r.Type, r.ID), "urn:uuid:"+strings.ToLower(r.ID))
	}
	if p.FullURL != "" {
		if ref := subjectRef(p.FullURL); ref != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	for _, i := range r.Identifiers {
		refs = append(refs, r.Type+"?identifier="+identifierText(i))
		if i.System != "" {
			refs = append(refs, r.Type+"?identifier="+i.Value)
		}
	}
	if len(refs) == 0 {
		refs = append(refs, "record:"+p.ID.String())
	}
	return refs
}

// selfRef is the first of selfRefs of what has an id.
func selfRef(typ, id string) string { return typ + "/" + id }

const maxNames = 16

// identifierNames are the names that a resource's identifiers give it.
func identifierNames(source string, r *vault.Resource) (hashes []int64) {
	for i, id := range r.Identifiers {
		if i == maxNames {
			break
		}
		hashes = append(hashes, nameHash(source, r.Type, identifierText(id)))
		if id.System != "" {
			hashes = append(hashes, nameHash(source, r.Type, id.Value))
		}
	}
	return hashes
}

// unname takes away the names that the identifiers of the record's shown
// revision gave it. A full URL stays: it was the input's, not the resource's.
func (t *tx) unname(ctx context.Context, k known, id vault.RecordID) error {
	h, err := revisionRows(ctx, t.w, k.record, id)
	if err != nil {
		return err
	}
	return t.unnameIn(ctx, k, h)
}

// unnameIn is unname for a record whose history is h.
func (t *tx) unnameIn(ctx context.Context, k known, h history) error {
	names, err := t.namesIn(ctx, k, h)
	if err != nil {
		return err
	}
	return t.unnameAll(names, k.record)
}

func (t *tx) unnameAll(names []int64, record int64) error {
	for _, hash := range names {
		if err := t.w.run("DELETE FROM name WHERE hash=? AND record=?", hash, record); err != nil {
			return err
		}
	}
	return nil
}

// namesIn reads what the record is called by the identifiers of its shown revision.
func (t *tx) namesIn(ctx context.Context, k known, h history) ([]int64, error) {
	put := h.content(k.head)
	if put == nil {
		return nil, nil
	}
	b, err := body(ctx, t.w, put.entry)
	if err != nil {
		return nil, err
	}
	r, source, err := t.s.resource(b, put.header.Payload, fhir.Options{Accepted: true})
	return identifierNames(source, &r), err
}

// names keeps what references may call the record besides its id.
func (t *tx) names(ctx context.Context, p *vault.Put, record, source int64) error {
	for _, hash := range identifierNames(p.Source, p.Resource) {
		if err := t.name(hash, record); err != nil {
			return err
		}
	}
	if url := oddURL(p); url != "" {
		if t.urls == nil {
			t.urls = map[string]string{}
		}
		t.urls[url] = p.ID.String()
		if err := t.w.run("INSERT INTO url(record,url) VALUES(?,?) ON CONFLICT(record) DO UPDATE SET url=excluded.url", record, url); err != nil {
			return err
		}
		return t.name(nameHash(p.Source, "url", strings.ToLower(url)), record)
	}
	return nil
}

// oddURL is a full URL that does not follow from the resource's type and id.
func oddURL(p *vault.Put) string {
	ref := fhir.ParseReference(p.FullURL)
	switch ref.Kind {
	case fhir.Absolute, fhir.Relative:
		if ref.Type == p.Resource.Type && ref.ID == p.Resource.ID {
			return ""
		}
	case fhir.URN:
		if strings.EqualFold(p.FullURL, "urn:uuid:"+p.Resource.ID) {
			return ""
		}
	default:
		return ""
	}
	return p.FullURL
}

func (t *tx) name(hash, record int64) error {
	return t.w.run("INSERT OR IGNORE INTO name(hash,record) VALUES(?,?)", hash, record)
}

// nameHash shortens a name; what it leads to is checked against the record.
func nameHash(source, kind, text string) int64 {
	h := sha256.Sum256([]byte(source + "\x00" + kind + "\x00" + text))
	return int64(binary.BigEndian.Uint64(h[:]))
}
