package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/fhir"
)

// queries are what is asked of every side: the same records and words.
type queries struct {
	Gets     []target
	Patients []target
	Rare     []string
	Common   []string
	Prefixes []string
	Trends   []series
}

// target is a record: by its id in a vault, and by its row in a plain table.
type target struct {
	ID  vault.RecordID
	Row int64
}

type series struct {
	Patient vault.RecordID
	Code    string
}

// choose gives n questions in the order in which all sides are asked them.
func choose[T any](all []T, n int, seed uint64) iter.Seq[T] {
	return func(yield func(T) bool) {
		r := rand.New(rand.NewPCG(seed, 1))
		for range n {
			if !yield(all[r.IntN(len(all))]) {
				return
			}
		}
	}
}

// both gives pairs, likewise.
func both[T, U any](a []T, b []U, n int, seed uint64) iter.Seq2[T, U] {
	return func(yield func(T, U) bool) {
		r := rand.New(rand.NewPCG(seed, 1))
		for range n {
			if !yield(a[r.IntN(len(a))], b[r.IntN(len(b))]) {
				return
			}
		}
	}
}

// page is what a person sees at once.
const page = 50

// ask answers q.N questions of one kind and times each.
func (w *worker) ask(ctx context.Context, q request) (r reply, err error) {
	measure := func(f func() error) {
		if err == nil {
			r.MS = append(r.MS, timed(func() { err = f() }))
		}
	}
	find := func(query vault.Query) func() error {
		query.Limit = page
		return func() error {
			for _, err := range w.vault.Rows(ctx, query) {
				if err != nil {
					return err
				}
				r.Count++
			}
			return nil
		}
	}
	switch s := w.queries; q.Op {
	case "get":
		for t := range choose(s.Gets, q.N, q.Seed) {
			measure(func() error { _, err := w.vault.Get(ctx, t.ID); return err })
		}
	case "list":
		for t := range choose(s.Patients, q.N, q.Seed) {
			measure(find(vault.Query{Patient: t.ID}))
		}
	case "rare":
		for word := range choose(s.Rare, q.N, q.Seed) {
			measure(find(vault.Query{Text: word}))
		}
	case "common":
		for word := range choose(s.Common, q.N, q.Seed) {
			measure(find(vault.Query{Text: word}))
		}
	case "within":
		for t, word := range both(s.Patients, s.Common, q.N, q.Seed) {
			measure(find(vault.Query{Patient: t.ID, Text: word}))
		}
	case "prefix":
		for word := range choose(s.Prefixes, q.N, q.Seed) {
			measure(find(vault.Query{Text: word + "*"}))
		}
	case "trend":
		for t := range choose(s.Trends, q.N, q.Seed) {
			measure(func() error { _, err := w.vault.Trend(ctx, vault.Query{Patient: t.Patient, Code: t.Code}); return err })
		}
	case "edit":
		for t := range choose(s.Gets, q.N, q.Seed) {
			if err == nil {
				err = w.edit(ctx, t, &r)
			}
		}
	default:
		err = fmt.Errorf("%w: %q", vault.ErrUsage, q.Op)
	}
	return r, err
}

// altered gives json with a member that no other revision has. The sqlite side
// writes the same.
func altered(json []byte, n uint64) []byte {
	end := bytes.LastIndexByte(json, '}')
	return append(bytes.Clone(json[:end]), fmt.Sprintf(`,"_bench":{"id":"e%d"}}`, n)...)
}

// edit times one durable edit. What was read before does not count.
func (w *worker) edit(ctx context.Context, t target, r *reply) error {
	old, err := w.vault.Get(ctx, t.ID)
	if err != nil {
		return err
	}
	res, err := fhir.Parse(altered(withoutMark(old.Resource.JSON), rand.Uint64()), old.Resource.Cuts)
	if err != nil {
		return err
	}
	r.MS = append(r.MS, timed(func() { _, err = w.vault.Edit(ctx, old, &res) }))
	return err
}

func withoutMark(json []byte) []byte {
	if i := bytes.LastIndex(json, []byte(`,"_bench":`)); i >= 0 {
		return append(bytes.Clone(json[:i]), '}')
	}
	return json
}

// editMerging edits while the full-text index is being merged without a pause.
func (w *worker) editMerging(ctx context.Context, q request) (r reply, err error) {
	done := make(chan error, 1)
	go func() { done <- w.store.Settle(ctx) }()
	for t := range choose(w.queries.Gets, q.N, q.Seed) {
		if err == nil {
			err = w.edit(ctx, t, &r)
		}
		if len(done) > 0 { // nothing is left to merge
			break
		}
	}
	return r, errors.Join(err, <-done)
}

// load imports a part of an NDJSON file as the command does.
func (w *worker) load(ctx context.Context, q request) (r reply, err error) {
	codecs := []vault.Codec{fhirjson.NDJSON()}
	in := codec.Stream("part.ndjson", func() (io.ReadCloser, error) {
		f, err := os.Open(q.Path)
		if err != nil {
			return nil, err
		}
		return part{io.NewSectionReader(f, q.From, q.To-q.From), f}, nil
	}, codecs)
	var res vault.ImportResult
	r.MS = append(r.MS, timed(func() {
		res, err = w.vault.Import(ctx, in, vault.ImportOptions{Source: source, Hash: contentHash})
	}))
	if err == nil && (res.Refused > 0 || res.New == 0) {
		err = fmt.Errorf("%w: an import took %d records and refused %d", vault.ErrIntegrity, res.New, res.Refused)
	}
	r.Count = res.Records
	return r, err
}

type part struct {
	*io.SectionReader
	io.Closer
}

const source = "bench"

func contentHash(r *vault.Resource) (string, error) {
	h, err := fhir.ContentHash(r.JSON, r.Cuts)
	return h.String(), err
}

// fragment appends records in many small transactions, which leaves work for a
// merge.
func (w *worker) fragment(ctx context.Context, q request) error {
	const batch = 128
	var b vault.Batch
	send := func() error {
		_, err := w.store.Append(ctx, b)
		b = vault.Batch{}
		return err
	}
	f, err := os.Open(q.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	name, i := fmt.Sprint("fragment-", q.Seed), 0
	for it, err := range fhirjson.NDJSON().Decode(ctx, "more.ndjson", io.NewSectionReader(f, q.From, q.To-q.From), vault.DecodeOptions{Blobs: w.store}) {
		if err != nil {
			return err
		}
		r := it.Resource
		i++
		p := &vault.Put{ID: vault.RecordIDOf(name, r.Type, cmp.Or(r.ID, fmt.Sprint("none-", i))), Source: name, Resource: &r}
		if err := w.store.Prepare(p); err != nil {
			return err
		}
		if b.Puts = append(b.Puts, p); len(b.Puts) == batch {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return send()
}
