package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
)

// conceal takes a record out of everything that it is found by. What is still to be
// said of it says settle.
func (a *applier) conceal(ctx context.Context, k known, id vault.RecordID) error {
	var url string
	if ok, err := a.w.row(ctx, []any{&url}, "SELECT url FROM url WHERE record=?", k.record); err != nil {
		return err
	} else if ok && a.urls[id] == "" {
		a.urls[id] = url
	}
	a.gone.hide(k.record)
	return a.hide(ctx, id)
}

func (p *purging) hide(record int64) {
	if p.hidden == nil {
		p.hidden = map[int64]bool{}
	}
	p.hidden[record] = true
}

// erase removes the named contents themselves.
func (a *applier) erase(ctx context.Context) error {
	if len(a.gone.named) == 0 {
		return nil
	}
	a.s.purges = true
	a.gone.words, a.gone.said, a.gone.seen = map[string]struct{}{}, map[string]struct{}{}, map[int64]bool{}
	for i, c := range a.gone.named {
		if err := a.w.run("INSERT OR IGNORE INTO purge(record,sha256,entry) VALUES(?,?,?)", c.Record[:], c.Payload[:], a.gone.by[i]); err != nil {
			return err
		}
		if err := a.w.run("DELETE FROM purge WHERE record=? AND sha256=? AND entry=0", c.Record[:], c.Payload[:]); err != nil {
			return err
		}
	}
	var dropped []int64 // entries of attachments
	var sums []vault.Hash
	for _, c := range a.gone.named {
		found, err := a.bodiesOf(ctx, c)
		if err != nil {
			return err
		}
		for i, f := range found {
			switch {
			case f.kind == vault.KindBlob:
				sum, err := a.s.noteSum(f.body)
				if err != nil {
					return err
				}
				dropped, sums = append(dropped, f.entry), append(sums, sum)
			case i == 0:
				a.gone.sum.Contents++
				if err := a.remember(ctx, c, f.body); err != nil {
					return err
				}
			}
			if err := a.w.run("DELETE FROM payload WHERE entry=?", f.entry); err != nil {
				return err
			}
		}
	}
	for i, e := range dropped {
		if err := a.uncite(ctx, e, sums[i]); err != nil {
			return err
		}
	}
	return nil
}

type foundBody struct {
	entry int64
	kind  vault.Kind
	body  []byte
}

// bodiesOf gives every copy of a content that is here, quarantined ones too.
func (t *tx) bodiesOf(ctx context.Context, c vault.Content) (out []foundBody, err error) {
	for _, q := range []string{
		"SELECT e.entry,e.kind,p.body FROM record r JOIN entry e ON e.record=r.record JOIN payload p ON p.entry=e.entry WHERE r.id=? AND e.sha256=? AND e.kind=1",
		"SELECT e.entry,e.kind,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.about=? AND e.sha256=? AND e.record IS NULL AND e.kind<=2",
		"SELECT e.entry,e.kind,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.about=? AND e.sha256=? AND e.kind=5",
	} {
		err := t.w.rows(ctx, func(scan func(...any) error) error {
			var f foundBody
			var kind int64
			err := scan(&f.entry, &kind, &f.body)
			f.kind = vault.Kind(kind)
			out = append(out, f)
			return err
		}, q, c.Record[:], c.Payload[:])
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// remember keeps the words of a content until it is gone, so that those which
// nothing else has can go too.
func (a *applier) remember(ctx context.Context, c vault.Content, body []byte) error {
	r, source, err := a.s.resource(body, c.Payload, fhir.Options{Note: a.notes(ctx)})
	if err != nil {
		return err
	}
	for term := range strings.SplitSeq(string(termsOf(&r)), " ") {
		if inVocabulary(term) {
			a.gone.words[strings.Clone(term)] = struct{}{}
		}
	}
	w := r.Row()
	phrasesIn(briefOf(&w), func(data string) { a.gone.said[data] = struct{}{} })
	refs := []string{subjectRef(r.Subject)}
	if r.Type == "Patient" {
		refs = selfRefs(&vault.Put{ID: c.Record, FullURL: a.urls[c.Record], Resource: &r})
	}
	for _, ref := range refs {
		var n int64
		ok, err := a.w.row(ctx, []any{&n}, "SELECT s.subject FROM subject s JOIN word w ON w.word=s.source WHERE w.text=? AND s.ref=?", source, ref)
		if err != nil {
			return err
		}
		if ok {
			a.gone.seen[n] = true
		}
	}
	return a.w.rows(ctx, func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		a.gone.seen[n] = true
		return err
	}, "SELECT s.subject FROM record r JOIN subject s ON s.subject=r.subject OR s.record=r.record WHERE r.id=?", c.Record[:])
}

func (s *Store) noteSum(body []byte) (sum vault.Hash, err error) {
	p, err := s.pack.unpack(body)
	if err != nil {
		return sum, err
	}
	var n BlobNote
	b, bad := []byte(nil), json.Unmarshal(p, &n)
	if bad == nil {
		b, bad = hex.DecodeString(n.SHA256)
	}
	if bad != nil || len(b) != len(sum) {
		return sum, fmt.Errorf("%w: a blob note", vault.ErrIntegrity)
	}
	return vault.Hash(b), nil
}

// uncite removes an attachment that the entry took in, unless another entry that is
// not purged brought the same one.
func (a *applier) uncite(ctx context.Context, entry int64, sum vault.Hash) error {
	var blob, by int64
	ok, err := a.w.row(ctx, []any{&blob, &by}, "SELECT blob,coalesce(entry,0) FROM blob WHERE sha256=?", sum[:])
	if err != nil || !ok || by != entry {
		return err
	}
	other := int64(0)
	err = a.w.rows(ctx, func(scan func(...any) error) error {
		var e int64
		var body []byte
		if err := scan(&e, &body); err != nil {
			return err
		}
		s, err := a.s.noteSum(body)
		if err == nil && s == sum {
			other, err = e, errStop
		}
		return err
	}, "SELECT e.entry,p.body FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.kind=5 ORDER BY e.entry")
	if err != nil {
		return err
	}
	if other != 0 {
		return a.w.run("UPDATE blob SET entry=? WHERE blob=?", other, blob)
	}
	a.gone.sum.Attachments++
	return dropBlob(a.w, blob)
}
