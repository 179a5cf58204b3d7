package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"phivault/vault"
)

// lore is what readers remember of small tables. What was read before a commit is
// not taken in after it, so that it never names what is no more.
type lore struct {
	mu       sync.RWMutex
	commits  uint64
	words    map[int64]string
	patients map[int64]vault.RecordID // by subject; zero where it is nobody known here
	phrases  map[int64]phrase
}

type phrase struct {
	data string
	as   *template // nil until it was used as one
}

// maxPatients bounds the subjects that readers remember.
const maxPatients = 50_000

func newLore() *lore {
	return &lore{words: map[int64]string{}, patients: map[int64]vault.RecordID{}, phrases: map[int64]phrase{}}
}

// committed forgets what a commit may have changed; removed says that content was
// removed on purpose, of which no phrase is to stay. A phrase's number is not given
// twice while a store is open.
func (l *lore) committed(removed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commits++
	clear(l.patients)
	if removed {
		clear(l.phrases)
	}
}

// learned keeps v in m, unless something was committed since.
func learned[V any](l *lore, m map[int64]V, most int, commits uint64, n int64, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.commits != commits {
		return
	}
	if len(m) >= most {
		clear(m)
	}
	m[n] = v
}

// reader looks up what rows refer to, with one connection.
type reader struct {
	ctx     context.Context
	s       *Store
	l       *lore
	c       *conn
	commits uint64
}

// reader begins a reading. It must be called before what is read with it.
func (s *Store) reader(ctx context.Context, c *conn) *reader {
	s.lore.mu.RLock()
	defer s.lore.mu.RUnlock()
	return &reader{ctx, s, s.lore, c, s.lore.commits}
}

func (r *reader) word(n int64) (string, error) {
	r.l.mu.RLock()
	s, ok := r.l.words[n]
	r.l.mu.RUnlock()
	if ok {
		return s, nil
	}
	if ok, err := r.c.row(r.ctx, []any{&s}, "SELECT text FROM word WHERE word=?", n); err != nil {
		return "", err
	} else if !ok {
		return "", fmt.Errorf("%w: word %d", vault.ErrIntegrity, n)
	}
	learned(r.l, r.l.words, maxPhrases, r.commits, n, s)
	return s, nil
}

// patient gives the Patient that a subject means; zero where none is known.
func (r *reader) patient(subject int64) (id vault.RecordID, err error) {
	if subject == 0 {
		return id, nil
	}
	r.l.mu.RLock()
	id, ok := r.l.patients[subject]
	r.l.mu.RUnlock()
	if ok {
		return id, nil
	}
	var b []byte
	if _, err := r.c.row(r.ctx, []any{&b}, "SELECT "+patientOf+" FROM subject s WHERE s.subject=?", subject); err != nil {
		return id, err
	}
	copy(id[:], b)
	learned(r.l, r.l.patients, maxPatients, r.commits, subject, id)
	return id, nil
}

// errNoPhrase is a brief that refers to what is not here.
var errNoPhrase = errors.New("no such phrase")

var _ phrases = (*reader)(nil)

func (r *reader) text(n int64) (string, error) {
	p, err := r.phrase(n)
	return p.data, err
}

func (r *reader) template(n int64) (*template, error) {
	p, err := r.phrase(n)
	if err != nil || p.as != nil {
		return p.as, err
	}
	if p.as, err = parseTemplate(p.data); err != nil {
		return nil, err
	}
	learned(r.l, r.l.phrases, maxPhrases, r.commits, n, p)
	return p.as, nil
}

func (r *reader) phrase(n int64) (phrase, error) {
	r.l.mu.RLock()
	p, ok := r.l.phrases[n]
	r.l.mu.RUnlock()
	if ok {
		return p, nil
	}
	var b []byte
	if ok, err := r.c.row(r.ctx, []any{&b}, "SELECT data FROM phrase WHERE phrase=?", n); err != nil {
		return p, err
	} else if !ok {
		return p, errNoPhrase
	}
	p.data = string(b)
	learned(r.l, r.l.phrases, maxPhrases, r.commits, n, p)
	return p, nil
}
