package journal

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"phivault/vault"
)

// ErrDeletions is a push of more deletions than is usual, which nobody confirmed.
var ErrDeletions = errors.New("unusually many deletions")

// usual is how many of live records a device may delete in unusualDays, or in one sync
// of its own, without anybody being asked.
func usual(live int64) int64 { return max(50, live/20) }

// unusualDays is how long what a device deleted counts, by this device's clock: whoever
// has a member's device must not get away with a little in each of many syncs, and who
// deletes a few records every day is never asked.
const unusualDays = 7

// Deletion is a segment that waits for somebody to confirm it: with it, its device
// deletes more than is usual.
type Deletion struct {
	Place   vault.Place
	Letter  string
	Records int64 // live here, that would be deleted
	Live    int64 // all
	Before  int64 // that its device deleted in the days before
	// Ends: it deletes nothing, but ends its device's keys, and of what that wrote takes
	// back these records; Self: and the admission of this device.
	Ends, Self bool
}

// deletions is what a person said since the journal was opened.
type deletions struct {
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
	if i := slices.IndexFunc(c.events, event.ends); i >= 0 && !j.dels.all {
		d, err := j.takenBack(ctx, c.events[i])
		if err != nil || d.Records <= usual(d.Live) && !d.Self {
			return false, err
		}
		return true, j.keepBack(ctx, log, d)
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
	days, err := j.deleted(ctx, j.s.origin(log.Device))
	if err != nil {
		return false, err
	}
	before := days.sum()
	if j.dels.all || before+these <= usual(live+before) {
		c.deletes = these
		return false, nil
	}
	return true, j.keepBack(ctx, log, Deletion{Place: s.Place, Records: these, Live: live, Before: before})
}

func (j *Journal) keepBack(ctx context.Context, log vault.LogID, d Deletion) error {
	if j.s.Deletions == nil {
		j.s.Deletions = map[vault.LogID]Deletion{}
	}
	j.s.Deletions[log] = d
	return j.save(ctx)
}

// takenBack is what an ending undoes of its device. An honest one keeps all that the
// device ever sent, and undoes what somebody else signed in its name beside that. But
// who has the key could take back a device's whole past with it, and whom it let in.
func (j *Journal) takenBack(ctx context.Context, e event) (d Deletion, err error) {
	d = Deletion{Place: e.At, Ends: true}
	var ids []vault.RecordID
	for log, l := range j.s.Logs {
		if log.Device != e.Remove.Device {
			continue
		}
		from := uint64(0)
		for _, k := range kept(*e.Remove) {
			if k.Log == log {
				from = k.Seq + 1
			}
		}
		for seq := from; seq <= l.Last.Seq; seq++ {
			s, err := j.p.Ledger.Segment(ctx, log, seq)
			if err != nil {
				return d, err
			}
			for _, x := range s.Entries {
				if x.Header.Kind == vault.KindPut {
					ids = append(ids, x.Header.Record)
				}
			}
		}
	}
	slices.SortFunc(ids, func(a, b vault.RecordID) int { return slices.Compare(a[:], b[:]) })
	d.Self = j.s.members(everything).is(j.self) && !j.s.members(everything, e).is(j.self)
	d.Records, d.Live, err = j.p.Ledger.Live(ctx, slices.Compact(ids))
	return d, err
}

// deletedState holds, by device, what it deleted on which of the last days, as day u64 ‖
// records u64, ascending.
const deletedState = "deleted/"

type dayCount struct {
	day, n int64
}

type dayCounts []dayCount

func (d dayCounts) sum() (n int64) {
	for _, c := range d {
		n += c.n
	}
	return n
}

// deleted gives what a device deleted in the days that count. A day that is still to come,
// after a clock that was wrong, counts as today.
func (j *Journal) deleted(ctx context.Context, device [16]byte) (out dayCounts, err error) {
	b, err := j.p.State.State(ctx, deletedState+hex.EncodeToString(device[:]))
	if err != nil {
		return nil, err
	}
	if len(b)%16 != 0 {
		return nil, fmt.Errorf("%w: a count of deletions", vault.ErrIntegrity)
	}
	today := j.today()
	for c := range slices.Chunk(b, 16) {
		d := dayCount{min(int64(binary.BigEndian.Uint64(c)), today), int64(binary.BigEndian.Uint64(c[8:]))}
		if d.day > today-unusualDays {
			out = append(out, d)
		}
	}
	return out, nil
}

// origin is the device that a device was a copy of in the end: who takes fresh keys again
// and again is counted as one.
func (s *state) origin(device [16]byte) [16]byte {
	for range s.Events {
		i := slices.IndexFunc(s.Events, func(e event) bool { return e.Copy && [16]byte(e.Admit.Public.DeviceID()) == device })
		if i < 0 {
			break
		}
		device = s.Events[i].By
	}
	return device
}

func (j *Journal) today() int64 { return j.p.Clock().Unix() / 86400 }

// noteDeleted counts what a segment that was applied deleted. What everybody was asked
// about begins the count anew.
func (j *Journal) noteDeleted(ctx context.Context, c *checked) error {
	if c.deletes == 0 {
		return nil
	}
	device := j.s.origin(c.seg.Place.Log.Device)
	if j.dels.all {
		return j.forgetDeleted(ctx, device)
	}
	days, err := j.deleted(ctx, device)
	if err != nil {
		return err
	}
	if n := len(days); n > 0 && days[n-1].day == j.today() {
		days[n-1].n += c.deletes
	} else {
		days = append(days, dayCount{j.today(), c.deletes})
	}
	var b []byte
	for _, d := range days {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, uint64(d.day)), uint64(d.n))
	}
	return j.p.State.SetState(ctx, deletedState+hex.EncodeToString(device[:]), b)
}

func (j *Journal) forgetDeleted(ctx context.Context, device [16]byte) error {
	return j.p.State.SetState(ctx, deletedState+hex.EncodeToString(device[:]), nil)
}

// released forgets that a segment was held, once it was taken in.
func (j *Journal) released(p vault.Place) {
	if d, ok := j.s.Deletions[p.Log]; ok && d.Place.Seq <= p.Seq {
		delete(j.s.Deletions, p.Log)
		j.unsaved++
	}
}

// Confirm applies segments that Status says are held for their deletions, or will
// when they come again, until the journal is closed. What the same device deletes from
// then on is counted anew.
func (j *Journal) Confirm(ctx context.Context, places ...vault.Place) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, p := range places {
		j.dels.confirmed[p.Hash] = true
		if err := j.forgetDeleted(ctx, j.s.origin(p.Log.Device)); err != nil {
			return err
		}
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
