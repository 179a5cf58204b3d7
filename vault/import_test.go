package vault

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
)

// shelf is a store that takes what it is given.
type shelf struct {
	Store
	prepared, appended atomic.Int64
	failAt             int64 // the put whose preparation fails; 0: none
	unprepared         atomic.Int64
	refuse             bool // Append fails
}

var errShelf = errors.New("the shelf is broken")

func (s *shelf) Prepare(p *Put) error {
	if s.prepared.Add(1) == s.failAt {
		return errShelf
	}
	p.Length = 1
	return nil
}

func (s *shelf) Append(_ context.Context, b Batch) ([]Outcome, error) {
	if s.refuse && len(b.Puts) > 0 {
		return nil, errShelf
	}
	out := make([]Outcome, len(b.Puts))
	for i, p := range b.Puts {
		if p.Length == 0 {
			s.unprepared.Add(1)
		}
		out[i] = OutcomeNew
	}
	s.appended.Add(int64(len(b.Puts)))
	return out, nil
}

func (s *shelf) Load(ctx context.Context, batches <-chan Batch, durable func([]Outcome)) error {
	for b := range batches {
		o, err := s.Append(ctx, b)
		if err != nil {
			return err
		}
		durable(o)
	}
	return ctx.Err()
}

func (s *shelf) Settle(context.Context) error { return nil }

func (s *shelf) Get(context.Context, RecordID) (Record, error) { return Record{}, ErrNotFound }

// heap is an input of n resources, the last of which may be an error.
type heap struct {
	n   int
	err error
}

func (heap) Name() string { return "heap" }

func (h heap) Items(ctx context.Context, o DecodeOptions) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for i := range h.n {
			if o.Only == "" && !yield(Item{Resource: Resource{Type: "Basic", ID: fmt.Sprint(i), JSON: []byte("{}")}}, nil) {
				return
			}
		}
		if h.err != nil && o.Only == "" {
			yield(Item{}, h.err)
		}
	}
}

func importing(s *shelf, in Input) (ImportResult, error) {
	v := New(Parts{Store: s, Load: s})
	return v.Import(context.Background(), in, ImportOptions{Source: "s"})
}

func TestAnImportAppendsWhatItPrepared(t *testing.T) {
	s := &shelf{}
	res, err := importing(s, heap{n: 3*batchPuts + 5})
	if err != nil || res.New != 3*batchPuts+5 || s.appended.Load() != res.New || s.unprepared.Load() != 0 {
		t.Errorf("%+v, %d appended, %d of them not prepared: %v", res, s.appended.Load(), s.unprepared.Load(), err)
	}
}

// Whatever step fails, its error comes back and what came before it stays.
func TestAnImportKeepsWhatCameBeforeAFailure(t *testing.T) {
	broken := errors.New("the input is broken")
	for _, c := range []struct {
		name string
		s    *shelf
		in   heap
		want int64
		err  error
	}{
		{"preparing", &shelf{failAt: batchPuts + 100}, heap{n: 5 * batchPuts}, batchPuts + 99, errShelf},
		{"preparing the first", &shelf{failAt: 1}, heap{n: 5 * batchPuts}, 0, errShelf},
		{"decoding", &shelf{}, heap{n: batchPuts + 7, err: broken}, batchPuts + 7, broken},
		{"appending", &shelf{refuse: true}, heap{n: 5 * batchPuts}, 0, errShelf},
	} {
		res, err := importing(c.s, c.in)
		if !errors.Is(err, c.err) || res.New != c.want || c.s.appended.Load() != c.want || c.s.unprepared.Load() != 0 {
			t.Errorf("%s: %d new, %d appended, %d not prepared: %v", c.name, res.New, c.s.appended.Load(), c.s.unprepared.Load(), err)
		}
		if res.Bytes != 2*res.New {
			t.Errorf("%s: %d bytes of %d records", c.name, res.Bytes, res.New)
		}
	}
}
