package vault

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"sync"
	"time"
)

// ImportOptions say how an input is taken in.
type ImportOptions struct {
	Source string // "": the input's meta.source, else DefaultSource
	// Hash gives the content hash that names a resource without an id.
	Hash     func(r *Resource) (string, error)
	DryRun   bool
	Limits   Limits
	Refused  func(*Refusal) // called for each, in order; may be nil
	Progress func(ImportResult)
}

// DefaultSource is the source of imported records that name none.
const DefaultSource = "default"

// ImportResult counts what became of an input.
type ImportResult struct {
	New, Same, Changed, Refused int64
	StaysDeleted                int64 // of Same: the record was deleted here and stays so
	Records                     int64 // all that were read: New + Same + Changed
	Bytes                       int64 // of the records' JSON
}

// ImportNote is the payload of an import entry, canonical JSON.
type ImportNote struct {
	V       int    `json:"v"` // 1
	At      string `json:"at"`
	Session string `json:"session"`
	Source  string `json:"source"`
	New     int64  `json:"new"`
	Same    int64  `json:"same"`
	Changed int64  `json:"changed"`
	Refused int64  `json:"refused"`
	Partial bool   `json:"partial,omitempty"` // ended before the input did
	// URLs are names that the input gave to records besides their ids
	// (Bundle.entry.fullUrl to record id). A note of URLs alone has no At.
	URLs map[string]string `json:"urls,omitempty"`
}

// Batches are cut at whichever comes first, so that a batch stays a fraction of
// a segment's and of the memory's limits.
const (
	batchPuts  = 512
	batchBytes = 8 << 20
)

// Import takes in one input. It reads it twice: first to see that its patients
// are the people this vault knows under their ids (else nothing is taken in
// and the error is ErrPerson), then to append its resources in batches, a few to a
// transaction. What was appended before an error or a cancellation stays, save what
// the transaction under way holds when it fails, and importing the same input again
// continues: content already in a record's history is counted as Same.
func (v *Vault) Import(ctx context.Context, in Input, o ImportOptions) (res ImportResult, err error) {
	if v.p.ReadOnly {
		return res, ErrReadOnly
	}
	source, err := chooseSource(ctx, in, o)
	if err != nil {
		return res, err
	}
	if err := v.checkPeople(ctx, in, source, o); err != nil {
		return res, err
	}
	i := &importer{v: v, in: in, o: o, source: source}
	runErr := i.run(ctx)
	if o.DryRun {
		return i.res, runErr
	}
	if runErr == nil && i.batches > settleAfter {
		runErr = v.p.Load.Settle(ctx)
	}
	return i.res, errors.Join(runErr, i.finish(ctx, runErr != nil))
}

const settleAfter = 4 // batches leave work to be done at once

func chooseSource(ctx context.Context, in Input, o ImportOptions) (string, error) {
	if o.Source != "" {
		return o.Source, nil
	}
	for it, err := range in.Items(ctx, DecodeOptions{Limits: o.Limits}) {
		var ref *Refusal
		if errors.As(err, &ref) {
			continue
		}
		if err != nil {
			return "", err
		}
		return cmp.Or(it.Resource.MetaSource, DefaultSource), nil
	}
	return DefaultSource, nil
}

// checkPeople refuses an input whose Patient has the id of one known here, or
// of an earlier one in the input, and is another person.
func (v *Vault) checkPeople(ctx context.Context, in Input, source string, o ImportOptions) error {
	seen := map[RecordID]*Person{}
	for it, err := range in.Items(ctx, DecodeOptions{Limits: o.Limits, Only: "Patient"}) {
		var ref *Refusal
		if errors.As(err, &ref) {
			continue // the second reading reports it
		}
		if err != nil {
			return err
		}
		r := &it.Resource
		if r.Type != "Patient" || r.ID == "" {
			continue
		}
		id := RecordIDOf(source, r.Type, r.ID)
		known := seen[id]
		if known == nil {
			switch old, err := v.p.Store.Get(ctx, id); {
			case err == nil:
				known = old.Resource.Person
			case !errors.Is(err, ErrNotFound):
				return err
			}
			if len(seen) < 100_000 {
				seen[id] = r.Person
			}
		}
		if known.Differs(r.Person) {
			return &PersonError{Input: it.Input, Place: it.Place, Source: source}
		}
	}
	return nil
}

// PersonError refuses a whole input because of one Patient in it. It is an
// ErrPerson.
type PersonError struct{ Input, Place, Source string }

func (e *PersonError) Error() string {
	return e.Input + ": " + e.Place + ": " + ErrPerson.Error() + " in source " + e.Source
}

func (e *PersonError) Unwrap() error { return ErrPerson }

// importer is one import under way: one goroutine decodes, one prepares what was
// decoded, and this one appends, each a batch at a time, so that all cores work
// whichever of the three takes longest.
type importer struct {
	v      *Vault
	in     Input
	o      ImportOptions
	source string
	res    ImportResult

	batches int

	mu    sync.Mutex
	given []loaded // what the store was given and has not said to be durable
	err   error    // what ended the input, after all of it was given

	// Of a dry run, whose batches do not see each other: shortened record ids,
	// and ids with payloads.
	ids, contents map[uint64]bool
}

type loaded struct {
	puts     []*Put
	refusals []*Refusal
	bytes    int64
	err      error // the last one, when not nil
}

func (i *importer) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	// Without room: of each step there is one batch in memory.
	decoded, prepared := make(chan loaded), make(chan Batch)
	var wg sync.WaitGroup
	wg.Go(func() { i.load(ctx, decoded) })
	wg.Go(func() { i.prepare(ctx, decoded, prepared) })
	take := i.v.p.Load.Load
	if i.o.DryRun {
		take = i.try
	}
	err := take(ctx, prepared, i.landed)
	cancel()
	wg.Wait()
	if err == nil {
		err = i.err
	}
	return err
}

// try finds what would become of each batch.
func (i *importer) try(ctx context.Context, batches <-chan Batch, durable func([]Outcome)) error {
	for b := range batches {
		b.DryRun = true
		outcomes, err := i.v.p.Store.Append(ctx, b)
		if err != nil {
			return err
		}
		durable(outcomes)
	}
	return ctx.Err()
}

// load decodes the input into batches and closes ch after the last.
func (i *importer) load(ctx context.Context, ch chan<- loaded) {
	defer close(ch)
	o := DecodeOptions{Limits: i.o.Limits}
	if !i.o.DryRun {
		o.Blobs = i.v.p.Blobs
	}
	var b loaded
	send := func() bool {
		sent := hand(ctx, ch, b)
		b = loaded{}
		return sent
	}
	for it, err := range i.in.Items(ctx, o) {
		var ref *Refusal
		switch {
		case errors.As(err, &ref):
			b.refusals = append(b.refusals, ref)
		case err != nil:
			b.err = err
			send()
			return
		default:
			p, err := i.put(&it)
			if err != nil {
				b.err = err
				send()
				return
			}
			b.puts = append(b.puts, p)
			b.bytes += int64(len(it.Resource.JSON))
		}
		if len(b.puts) >= batchPuts || b.bytes >= batchBytes || len(b.refusals) >= batchPuts {
			if !send() {
				return
			}
		}
	}
	send()
}

func (i *importer) put(it *Item) (*Put, error) {
	r := it.Resource
	id := r.ID
	if id == "" {
		h, err := i.o.Hash(&r)
		if err != nil {
			return nil, err
		}
		id = "sha256:" + h
	}
	return &Put{ID: RecordIDOf(i.source, r.Type, id), Source: i.source, FullURL: it.FullURL, Resource: &r}, nil
}

// prepare passes batches on with their puts prepared, and closes to after the last.
// One whose put cannot be prepared is the last, and ends before that.
func (i *importer) prepare(ctx context.Context, from <-chan loaded, to chan<- Batch) {
	defer close(to)
	for b := range from {
		for n, p := range b.puts {
			if err := i.v.p.Store.Prepare(p); err != nil {
				for _, left := range b.puts[n:] {
					b.bytes -= int64(len(left.Resource.JSON))
				}
				b.puts, b.err = b.puts[:n], err
				break
			}
		}
		if !i.give(ctx, to, b) || b.err != nil {
			return
		}
	}
}

// give hands b to the store and remembers what landed needs of it.
func (i *importer) give(ctx context.Context, to chan<- Batch, b loaded) bool {
	batch := Batch{Puts: b.puts}
	if !i.o.DryRun {
		b.puts = nil // the store lets go of them before they are durable
	}
	i.mu.Lock()
	i.given = append(i.given, b)
	if b.err != nil {
		i.err = b.err
	}
	i.mu.Unlock()
	select {
	case to <- batch:
		return true
	case <-ctx.Done():
		return false
	}
}

// hand sends b unless ctx ends first.
func hand(ctx context.Context, ch chan<- loaded, b loaded) bool {
	select {
	case ch <- b:
		return true
	case <-ctx.Done():
		return false
	}
}

// landed counts the batch that was given first of those that have not landed.
func (i *importer) landed(outcomes []Outcome) {
	i.mu.Lock()
	b := i.given[0]
	i.given = i.given[1:]
	i.mu.Unlock()
	for _, r := range b.refusals {
		i.res.Refused++
		if i.o.Refused != nil {
			i.o.Refused(r)
		}
	}
	for n, o := range outcomes {
		if i.o.DryRun {
			o = i.wouldBe(b.puts[n], o)
		}
		switch o {
		case OutcomeNew:
			i.res.New++
		case OutcomeChanged:
			i.res.Changed++
		case OutcomeStaysDeleted:
			i.res.StaysDeleted++
			i.res.Same++
		default:
			i.res.Same++
		}
		i.res.Records++
	}
	i.res.Bytes += b.bytes
	if len(outcomes) > 0 {
		i.batches++
	}
	if i.o.Progress != nil {
		i.o.Progress(i.res)
	}
}

// wouldBe corrects a dry run's outcome by what the batches before would have
// left: a record that comes again is not new again.
func (i *importer) wouldBe(p *Put, o Outcome) Outcome {
	if i.ids == nil {
		i.ids, i.contents = map[uint64]bool{}, map[uint64]bool{}
	}
	id := binary.BigEndian.Uint64(p.ID[:])
	content := id ^ binary.BigEndian.Uint64(p.Payload[:])
	again, known := i.contents[content], i.ids[id]
	i.ids[id], i.contents[content] = true, true
	switch {
	case o == OutcomeSame || o == OutcomeStaysDeleted:
		return o
	case again:
		return OutcomeSame
	case known:
		return OutcomeChanged
	}
	return o
}

// finish notes the act of importing, also when it was cut short.
func (i *importer) finish(ctx context.Context, partial bool) error {
	n := ImportNote{V: 1, At: i.v.p.Clock().UTC().Format(time.RFC3339), Session: i.v.audit.session, Source: i.source,
		New: i.res.New, Same: i.res.Same, Changed: i.res.Changed, Refused: i.res.Refused, Partial: partial}
	p, err := json.Marshal(n)
	if err != nil {
		return err
	}
	b := Batch{Notes: []Note{{Kind: KindImport, Payload: p}}}
	return i.v.appendNoted(context.WithoutCancel(ctx), b, ActionImport, []RecordID{{}})
}
