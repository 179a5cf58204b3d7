package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"phivault/vault"
	"phivault/vault/fhir"
)

// known is a record's row, as far as writing needs it.
type known struct {
	record, subject, doc, head int64
	revisions, state           int
	empty                      bool // none of what it said is here any more: set by put
}

func (t *tx) known(ctx context.Context, id vault.RecordID) (k known, ok bool, err error) {
	ok, err = t.w.row(ctx, []any{&k.record, &k.subject, &k.doc, &k.head, &k.revisions, &k.state},
		"SELECT record,coalesce(subject,0),doc,head,revisions,state FROM record WHERE id=?", id[:])
	return k, ok, err
}

func (t *tx) put(ctx context.Context, p *vault.Put) (vault.Outcome, error) {
	if t.likelyNew(p) {
		h := vault.Header{Kind: vault.KindPut, Record: p.ID, Payload: p.Payload, Length: p.Length}
		if fresh, err := t.insert(ctx, p, h); err != nil || fresh {
			return vault.OutcomeNew, err
		}
		t.look = lookAfter
	}
	k, ok, err := t.known(ctx, p.ID)
	if err != nil {
		return 0, err
	}
	if ok {
		t.look = lookAfter
	} else if t.look > 0 {
		t.look--
	}
	if gone, err := t.removed(ctx, p.ID, p.Payload); err != nil {
		return 0, err
	} else if gone {
		switch {
		case p.Base != nil:
			return 0, vault.ErrPurged
		case ok && k.state != stateDeleted:
			return vault.OutcomeSame, nil
		}
		return vault.OutcomeStaysDeleted, nil
	}
	if !ok {
		return t.putNew(ctx, p)
	}
	history, err := revisionRows(ctx, t.w, k.record, p.ID)
	if err != nil {
		return 0, err
	}
	head := history.at(k.head)
	if head == nil {
		return 0, fmt.Errorf("%w: record %s has no head", vault.ErrIntegrity, p.ID)
	}
	if p.Base != nil {
		if *p.Base != k.head {
			return 0, vault.ErrChanged
		}
		if k.state == stateLive && head.header.Payload == p.Payload {
			return vault.OutcomeSame, nil
		}
	} else if history.has(p.Payload) {
		if k.state == stateDeleted {
			return vault.OutcomeStaysDeleted, nil
		}
		return vault.OutcomeSame, nil
	}
	k.empty = history.content(k.head) == nil
	parents := history.twins(head)
	if p.Resolves {
		parents = history.all()
	}
	return vault.OutcomeChanged, t.putRevision(ctx, p, k, history, parents)
}

// lookAfter is for how many puts it is looked first whether their record is here, once
// one was: an input that repeats itself often does so in one place, or throughout.
const lookAfter = 16

// likelyNew reports whether p may be inserted without looking first whether its record is
// here: nothing but the record's row must follow from it when it is.
func (t *tx) likelyNew(p *vault.Put) bool {
	return p.Base == nil && len(p.Resource.Cuts) == 0 && p.Resource.Type != "Patient" && t.look == 0 && !t.s.purges && !t.s.loose
}

func (t *tx) putNew(ctx context.Context, p *vault.Put) (vault.Outcome, error) {
	if p.Base != nil && *p.Base != 0 {
		return 0, vault.ErrNotFound
	}
	if err := t.citeNew(ctx, p.ID, p.Resource.Cuts, 0); err != nil {
		return 0, err
	}
	loose := t.s.loose
	if _, err := t.insert(ctx, p, vault.Header{Kind: vault.KindPut, Record: p.ID, Payload: p.Payload, Length: p.Length}); err != nil {
		return 0, err
	}
	if !loose {
		return vault.OutcomeNew, nil
	}
	if k, _, err := t.known(ctx, p.ID); err != nil || k.state == stateDeleted {
		return vault.OutcomeStaysDeleted, err
	}
	return vault.OutcomeNew, nil
}

// insert adds a record with its first revision; false when it is here already.
func (t *tx) insert(ctx context.Context, p *vault.Put, h vault.Header) (bool, error) {
	record := t.s.next.record
	if record > 0xffffffff {
		return false, fmt.Errorf("%w: records in one vault", vault.ErrLimit)
	}
	typ, err := t.word(ctx, p.Resource.Type)
	if err != nil {
		return false, err
	}
	source, err := t.word(ctx, p.Source)
	if err != nil {
		return false, err
	}
	subject, err := t.subject(ctx, p, source, record)
	if err != nil {
		return false, err
	}
	doc := docOf(p.Resource.Date, record)
	brief, err := t.brief(ctx, p.Brief)
	if err != nil {
		return false, err
	}
	n, err := t.w.change(`INSERT INTO record(record,id,type,source,subject,doc,head,revisions,state,brief,sum) VALUES(?,?,?,?,?,?,?,1,0,?,?)
		ON CONFLICT(id) DO NOTHING`, record, p.ID[:], typ, source, null(subject), doc, t.s.next.entry, brief, h.Payload[:])
	if err != nil || n == 0 {
		return false, err
	}
	t.s.next.record++
	if _, err := t.entry(h, record, p.Body); err != nil {
		return false, err
	}
	if t.s.loose {
		// Deletions may have come before any put that stands.
		if linked, err := t.link(ctx, record, p.ID); err != nil {
			return false, err
		} else if linked {
			_, err := t.rebuild(ctx, rebuilt{record: record, id: p.ID}, p.FullURL)
			return true, err
		}
	}
	return true, t.views(ctx, p, record, source, subject, doc)
}

func (t *tx) putRevision(ctx context.Context, p *vault.Put, k known, h history, parents []vault.RevisionID) error {
	before := k.head
	if !h.at(k.head).live() {
		before = 0
	}
	if err := t.citeNew(ctx, p.ID, p.Resource.Cuts, before); err != nil {
		return err
	}
	header := vault.Header{Kind: vault.KindPut, Record: p.ID, Parents: parents, Payload: p.Payload, Length: p.Length}
	entry, err := t.entry(header, k.record, p.Body)
	if err != nil {
		return err
	}
	source, err := t.word(ctx, p.Source)
	if err != nil {
		return err
	}
	subject, err := t.subject(ctx, p, source, k.record)
	if err != nil {
		return err
	}
	if k.state != stateDeleted {
		t.unindex(k.doc)
	}
	if k.empty || k.state == stateConflict && !p.Resolves {
		// Which head is shown is not this device's to choose: the lowest id is,
		// everywhere. And the row of an empty record says nothing yet.
		if err := t.unnameIn(ctx, k, h); err != nil {
			return err
		}
		_, err := t.rebuild(ctx, rebuilt{record: k.record, id: p.ID}, p.FullURL)
		return err
	}
	doc := docOf(p.Resource.Date, k.record)
	brief, err := t.brief(ctx, p.Brief)
	if err != nil {
		return err
	}
	if doc == k.doc && subject == k.subject {
		// SQLite would write the pages of three indexes anew, though they stay as they are.
		err = t.w.run("UPDATE record SET head=?,revisions=revisions+1,state=?,brief=?,sum=? WHERE record=?", entry, stateLive, brief, p.Payload[:], k.record)
	} else {
		err = t.w.run("UPDATE record SET subject=?,doc=?,head=?,revisions=revisions+1,state=?,brief=?,sum=? WHERE record=?",
			null(subject), doc, entry, stateLive, brief, p.Payload[:], k.record)
	}
	if err != nil {
		return err
	}
	var was []int64
	if p.Base != nil && p.Was != nil && k.state != stateDeleted { // under a deletion another content may have come to stand
		was = identifierNames(p.Source, p.Was)
	} else if was, err = t.namesIn(ctx, k, h); err != nil {
		return err
	}
	is := identifierNames(p.Source, p.Resource)
	was = slices.DeleteFunc(was, func(hash int64) bool { return slices.Contains(is, hash) })
	if err := t.unnameAll(was, k.record); err != nil {
		return err
	}
	return t.views(ctx, p, k.record, source, subject, doc)
}

func (t *tx) tombstone(ctx context.Context, d vault.Delete) error {
	k, ok, err := t.known(ctx, d.ID)
	switch {
	case err != nil:
		return err
	case !ok:
		return vault.ErrNotFound
	case k.state == stateDeleted:
		return vault.ErrDeleted
	case k.head != d.Base:
		return vault.ErrChanged
	}
	history, err := revisionRows(ctx, t.w, k.record, d.ID)
	if err != nil {
		return err
	}
	head := history.at(k.head)
	if head == nil {
		return fmt.Errorf("%w: record %s has no head", vault.ErrIntegrity, d.ID)
	}
	h := vault.Header{Kind: vault.KindTombstone, Record: d.ID, Parents: history.all(), Payload: emptyHash}
	entry, err := t.entry(h, k.record, nil)
	if err != nil {
		return err
	}
	t.unindex(k.doc)
	return t.w.run("UPDATE record SET head=?,revisions=revisions+1,state=?,brief=NULL,sum=NULL WHERE record=?", entry, stateDeleted, k.record)
}

// unindex takes a document out of full-text search, also one that this transaction
// was about to put in.
func (t *tx) unindex(doc int64) {
	if t.added == nil {
		t.added = make(map[int64]int, len(t.add))
		for i, r := range t.add {
			t.added[r.doc] = i
		}
	}
	i, ok := t.added[doc]
	if !ok {
		t.drop = append(t.drop, doc)
		return
	}
	last := len(t.add) - 1
	t.add[i] = t.add[last]
	t.added[t.add[i].doc] = i
	t.add = t.add[:last]
	delete(t.added, doc)
}

// views writes what p can be found by: terms and names.
func (t *tx) views(ctx context.Context, p *vault.Put, record, source, subject, doc int64) error {
	if p.Terms == nil {
		full, err := fhir.Options{Note: t.notes(ctx)}.Parse(p.Resource.JSON, p.Resource.Cuts)
		if err != nil {
			return err
		}
		p.Terms = termsOf(&full)
	}
	terms := string(p.Terms)
	if subject != 0 {
		terms = subjectFacet(subject) + " " + seriesOf(subject, terms) + terms
	}
	if t.added != nil {
		t.added[doc] = len(t.add)
	}
	t.add = append(t.add, ftsRow{doc, terms})
	if err := t.vocabulary(terms); err != nil {
		return err
	}
	return t.names(ctx, p, record, source)
}

// noteURLs logs the names that the views keep beside ids, so that the views
// can be rebuilt.
func (t *tx) noteURLs() error {
	if len(t.urls) == 0 {
		return nil
	}
	p, err := json.Marshal(vault.ImportNote{V: 1, URLs: t.urls})
	if err != nil {
		return err
	}
	t.urls = nil
	return t.note(vault.Note{Kind: vault.KindImport, Payload: p})
}

func null(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}
