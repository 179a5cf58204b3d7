package store

import (
	"fmt"
	"slices"
	"sync"

	"phivault/vault"
	"phivault/vault/fhir"
)

// openAtOnce is the number of entries that are opened together. Three times as
// many puts are in memory at most: being opened, waiting, being applied.
const openAtOnce = 128

// opening reads a segment's puts on one core while the ones before are applied on
// another.
type opening struct {
	ch   chan opened
	quit chan struct{}
	wg   sync.WaitGroup
	have []*vault.Put
}

type opened struct {
	puts []*vault.Put // one for each entry; nil for one that is no put with content
	err  error
}

// startOpening begins. Whoever calls it calls end, also after an error.
func (s *Store) startOpening(entries []vault.SegmentEntry) *opening {
	o := &opening{ch: make(chan opened, 1), quit: make(chan struct{})}
	o.wg.Go(func() {
		defer close(o.ch)
		for some := range slices.Chunk(entries, openAtOnce) {
			puts, err := s.openSome(some)
			select {
			case o.ch <- opened{puts, err}:
			case <-o.quit:
				return
			}
			if err != nil {
				return
			}
		}
	})
	return o
}

// next gives the put of the next entry, which the opening forgets.
func (o *opening) next() (*vault.Put, error) {
	if len(o.have) == 0 {
		r, ok := <-o.ch
		switch {
		case !ok:
			panic("store: more entries than were opened")
		case r.err != nil:
			return nil, r.err
		}
		o.have = r.puts
	}
	p := o.have[0]
	o.have[0] = nil
	o.have = o.have[1:]
	return p, nil
}

// end waits until nothing of it runs.
func (o *opening) end() {
	close(o.quit)
	o.wg.Wait()
}

// allHonest refuses bodies that are not what their headers say, though the journal
// has looked already.
func allHonest(entries []vault.SegmentEntry) error {
	for _, e := range entries {
		if e.Header.Kind == vault.KindPut && e.Body != nil {
			if err := honest(e.Header, e.Body); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) openSome(entries []vault.SegmentEntry) ([]*vault.Put, error) {
	puts := make([]*vault.Put, len(entries))
	for i, e := range entries {
		if e.Header.Kind != vault.KindPut || e.Body == nil {
			continue
		}
		r, source, err := s.resource(e.Body, e.Header.Payload, fhir.Options{})
		if err != nil {
			return nil, fmt.Errorf("record %s: %w", e.Header.Record, err)
		}
		terms, err := s.terms(&r)
		if err != nil {
			return nil, err
		}
		w := r.Row()
		puts[i] = &vault.Put{Brief: briefOf(&w), ID: e.Header.Record, Source: source, Resource: &r, Payload: e.Header.Payload,
			Length: e.Header.Length, Body: e.Body, Terms: terms}
	}
	return puts, nil
}
