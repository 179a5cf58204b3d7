package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"phivault/vault"
)

// ErrDeletions is a push of more deletions than is usual, which nobody confirmed.
var ErrDeletions = errors.New("unusually many deletions")

// usual is how many of live records one sync may delete, for one device, without
// anybody being asked.
func usual(live int64) int64 { return max(50, live/20) }

// Deletion is a segment that waits for somebody to confirm it: with it, its device
// deletes more than is usual.
type Deletion struct {
	Place   vault.Place
	Letter  string
	Records int64 // live here, that would be deleted
	Live    int64 // all
}

// deletions is what a person said, and what came, since the journal was opened.
type deletions struct {
	of        map[[16]byte]int64  // records that a device deleted in this sync
	confirmed map[vault.Hash]bool // segments that may pass
	all, own  bool                // everything may; what was deleted here may leave
}

// holds decides whether a segment that is ready has to wait for a confirmation.
// Until then nothing of its log goes on, and nothing that cites it.
func (j *Journal) holds(ctx context.Context, c *checked) (bool, error) {
	s := c.seg
	log := s.Place.Log
	// What the inviting device had seen is told of as it stands there.
	told := slices.ContainsFunc(j.s.Floors, func(p vault.Place) bool { return p.Log == log && s.Place.Seq <= p.Seq })
	if told || log.Device == j.self || j.dels.confirmed[s.Place.Hash] {
		return false, nil
	}
	if d, held := j.s.Deletions[log]; held && d.Place == s.Place && !j.dels.all {
		return true, nil
	}
	var ids []vault.RecordID
	for _, h := range s.Entries {
		if h.Kind == vault.KindTombstone {
			ids = append(ids, h.Record)
		}
	}
	for _, p := range c.purged {
		ids = append(ids, p.Record)
	}
	if len(ids) == 0 {
		return false, nil
	}
	slices.SortFunc(ids, func(a, b vault.RecordID) int { return slices.Compare(a[:], b[:]) })
	these, live, err := j.p.Ledger.Live(ctx, slices.Compact(ids))
	if err != nil {
		return false, err
	}
	before := j.dels.of[log.Device]
	j.dels.of[log.Device] += these
	if j.dels.all || before+these <= usual(live+before) {
		return false, nil
	}
	j.dels.of[log.Device] = before
	if j.s.Deletions == nil {
		j.s.Deletions = map[vault.LogID]Deletion{}
	}
	j.s.Deletions[log] = Deletion{Place: s.Place, Records: these, Live: live}
	return true, j.save(ctx)
}

// released forgets that a segment was held, once it was taken in.
func (j *Journal) released(p vault.Place) {
	if d, ok := j.s.Deletions[p.Log]; ok && d.Place.Seq <= p.Seq {
		delete(j.s.Deletions, p.Log)
		j.unsaved++
	}
}

// Confirm applies segments that Status says are held for their deletions, or will
// when they come again, until the journal is closed. What follows in the same sync
// is held again when it deletes as much.
func (j *Journal) Confirm(ctx context.Context, places ...vault.Place) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range places {
		j.dels.confirmed[p.Hash] = true
		delete(j.dels.of, p.Log.Device)
	}
	return j.drain(ctx)
}

// ConfirmAll lets all deletions pass, in and out, until the journal is closed.
func (j *Journal) ConfirmAll() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dels.all, j.dels.own = true, true
}

// ConfirmOwn lets the deletions of this device go out with the next sync.
func (j *Journal) ConfirmOwn() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dels.own = true
}

// OwnDeletions tells how many records were deleted here since the last sync, when
// that is unusually many and nobody confirmed it: nothing is pushed until then.
func (j *Journal) OwnDeletions(ctx context.Context) (d Deletion, unusual bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ownDeletions(ctx)
}

func (j *Journal) ownDeletions(ctx context.Context) (d Deletion, unusual bool, err error) {
	if j.dels.own {
		return d, false, nil
	}
	d.Records, err = j.p.Ledger.UncutDeletions(ctx)
	if err != nil || d.Records <= usual(0) {
		return d, false, err
	}
	_, d.Live, err = j.p.Ledger.Live(ctx, nil)
	d.Live += d.Records
	return d, d.Records > usual(d.Live), err
}

// mayCut is ErrDeletions while own deletions wait for a confirmation.
func (j *Journal) mayCut(ctx context.Context) error {
	d, unusual, err := j.ownDeletions(ctx)
	if err == nil && unusual {
		err = fmt.Errorf("%w: %d of %d records were deleted here since the last sync", ErrDeletions, d.Records, d.Live)
	}
	return err
}
