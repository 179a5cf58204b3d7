package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"

	"phivault/vault"
	"phivault/vault/fhir"
)

// passages makes what stands beside the hits of a page. Those that a record's text is
// needed for are made together, on both cores.
type passages struct {
	f    *finder
	mu   sync.Mutex // guards c while they are made
	c    *conn
	late []late
}

// late is a hit whose passage is still to be made.
type late struct {
	l  *lean
	at int // in the page's rows
}

// passageMakers is how many texts are opened at once; each may hold one record.
const passageMakers = 2

// keep checks a hit, which would be the row at, as far as the index cannot, and makes
// its passage: of the title and value where they have all the words, else later of the text.
func (p *passages) keep(ctx context.Context, l *lean, w *vault.Row, at int) (bool, error) {
	f, m := p.f, p.f.match
	tiers := f.q.Text != "" && f.q.Sort == vault.Newest
	var full *string
	text := func() (string, error) {
		if full != nil {
			return *full, nil
		}
		s, err := p.text(ctx, l, w, nil)
		if err == nil {
			full = &s
		}
		return s, err
	}
	if ok, err := m.accepts(w.Codings, w.Title, tiers, text); err != nil || !ok {
		return false, err
	}
	if tiers && m.tier == 2 {
		w.Order = -w.Order
	}
	switch {
	case f.q.Text == "":
	case full != nil:
		w.Snippet = snippet(cmp.Or(*full, titleText(w)), m.words)
	case m.inTitle(titleText(w)):
		w.Snippet = snippet(titleText(w), m.words)
	default:
		p.late = append(p.late, late{l, at})
	}
	return true, nil
}

// make makes the passages that are left.
func (p *passages) make(ctx context.Context, rows []vault.Row) error {
	if len(p.late) == 0 {
		return nil
	}
	jobs := make(chan late)
	errs := make([]error, passageMakers)
	var wg sync.WaitGroup
	for i := range min(passageMakers, len(p.late)) {
		wg.Go(func() {
			for j := range jobs {
				if errs[i] != nil || ctx.Err() != nil {
					continue
				}
				w := &rows[j.at]
				e := enough{wanted: p.f.match.words}
				s, err := p.text(ctx, j.l, w, e.more)
				w.Snippet, errs[i] = snippet(cmp.Or(s, titleText(w)), p.f.match.words), err
			}
		})
	}
	for _, j := range p.late {
		jobs <- j
	}
	close(jobs)
	wg.Wait()
	return errors.Join(append(errs, ctx.Err())...)
}

// titleText is how a record's text begins.
func titleText(w *vault.Row) string {
	switch {
	case w.Value == "" || w.Title == "":
		return cmp.Or(w.Title, w.Value)
	case w.Unit == "":
		return w.Title + " · " + w.Value
	}
	return w.Title + " · " + w.Value + " " + w.Unit
}

// text reads what is readable in a record, checked like every payload; with enough
// not nil only up to where that says so. "" is what was removed since.
func (p *passages) text(ctx context.Context, l *lean, w *vault.Row, enough func([]byte) bool) (string, error) {
	sum, body, err := p.body(ctx, l)
	if err != nil || body == nil {
		return "", err
	}
	payload, err := p.f.s.pack.unpack(body)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", l.id, err)
	}
	if sha256.Sum256(payload) != vault.Hash(sum) {
		return "", fmt.Errorf("record %s: %w: the payload is not what was written", l.id, vault.ErrIntegrity)
	}
	_, cuts, json, err := decodePayload(payload)
	if err != nil {
		return "", fmt.Errorf("record %s: %w", l.id, err)
	}
	o := fhir.Options{Accepted: true, Enough: enough, Note: func(cut vault.Cut) []byte {
		p.mu.Lock()
		defer p.mu.Unlock()
		text, _ := p.f.s.noteOf(ctx, p.c, cut)
		return text
	}}
	text, err := o.Text(json, cuts, w.Title, w.Value, w.Unit)
	if err != nil {
		return "", fmt.Errorf("record %s: %w: the payload is no resource", l.id, vault.ErrIntegrity)
	}
	return text, nil
}

func (p *passages) body(ctx context.Context, l *lean) (sum, body []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, err = p.c.row(ctx, []any{&sum, &body}, "SELECT e.sha256 a,p.body b FROM entry e JOIN payload p ON p.entry=e.entry WHERE e.entry=?", l.head)
	return sum, body, err
}
