package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"phivault/vault"
)

// Own is the log that this device writes; see vault.Ledger.
func (s *Store) Own(ctx context.Context) (id vault.LogID, err error) {
	err = s.read(ctx, func(c *conn) (err error) {
		id, err = ownID(ctx, c)
		return err
	})
	return id, err
}

func ownID(ctx context.Context, c *conn) (id vault.LogID, err error) {
	var device []byte
	var number int64
	ok, err := c.row(ctx, []any{&device, &number}, "SELECT device,number FROM log WHERE log=?", ownLog)
	if err == nil && (!ok || len(device) != len(id.Device)) {
		err = fmt.Errorf("%w: the database has no log of its own", vault.ErrIntegrity)
	}
	copy(id.Device[:], device)
	id.Number = uint64(number)
	return id, err
}

// Sent is the number of the own log's segments that some remote is known to hold.
func (s *Store) Sent(ctx context.Context) (n uint64, err error) {
	err = s.read(ctx, func(c *conn) error {
		var next int64
		_, err := c.row(ctx, []any{&next}, "SELECT coalesce(max(next),0) FROM sent WHERE log=?", ownLog)
		n = uint64(next)
		return err
	})
	return n, err
}

// Continue makes another log the own one; see vault.Ledger. What is written
// outside the log, in the journal's state, changes in the same transaction.
func (s *Store) Continue(ctx context.Context, to vault.LogID, from uint64, state map[string][]byte) error {
	if err := s.lock(); err != nil {
		return err
	}
	defer s.write.Unlock()
	err := s.commit(ctx, func(t *tx) error {
		if err := s.continueLog(ctx, to, from); err != nil {
			return err
		}
		for k, v := range state {
			if err := setState(s.w, k, v); err != nil {
				return err
			}
		}
		var err error
		t.head, err = s.ownEnd(ctx)
		return err
	})
	if err == nil && s.o.Committed != nil && s.head.Entry > 0 {
		s.o.Committed(s.head)
	}
	return mapError(err)
}

func (s *Store) continueLog(ctx context.Context, to vault.LogID, from uint64) error {
	id, err := ownID(ctx, s.w)
	if err != nil {
		return err
	}
	last, had, err := lastSegment(ctx, s.w, ownLog)
	if err != nil {
		return err
	}
	_, err = logNumber(ctx, s.w, to)
	if err == nil || from > 0 && (!had || from > uint64(last.seq)+1) {
		return fmt.Errorf("%w: no log to go on in", vault.ErrUsage)
	}
	var end, old int64 // the last entry that stays cut; the row of the log left
	if from > 0 {
		if _, err := s.w.row(ctx, []any{&end}, "SELECT last FROM segment WHERE log=? AND seq=?", ownLog, int64(from)-1); err != nil {
			return err
		}
	}
	if _, err := s.w.row(ctx, []any{&old}, "SELECT max(log)+1 FROM log"); err != nil {
		return err
	}
	for _, q := range []struct {
		query string
		args  []any
	}{
		{"DELETE FROM segment WHERE log=? AND seq>=?", []any{ownLog, int64(from)}},
		{"DELETE FROM cited", nil},
		{"UPDATE log SET log=? WHERE log=?", []any{old, ownLog}},
		{"UPDATE segment SET log=? WHERE log=?", []any{old, ownLog}},
		{"UPDATE batch SET log=? WHERE log=?", []any{old, ownLog}},
		{"UPDATE sent SET log=? WHERE log=?", []any{old, ownLog}},
		{"UPDATE sent SET next=? WHERE log=? AND next>?", []any{int64(from), old, int64(from)}},
		{"INSERT INTO log(log,device,number) VALUES(?,?,?)", []any{ownLog, to.Device[:], int64(to.Number)}},
	} {
		if err := s.w.run(q.query, q.args...); err != nil {
			return err
		}
	}
	m := mover{s: s, end: end, logs: [2]int64{old, ownLog},
		chains: [2]vault.Chain{vault.ChainStart(s.o.VaultID, id.Device, id.Number), vault.ChainStart(s.o.VaultID, to.Device, to.Number)}}
	return m.run(ctx)
}

// mover gives entries another log: those beyond end, but for what is said about
// members and epochs, which counts in the log where it was written or not at all.
type mover struct {
	s      *Store
	end    int64
	logs   [2]int64 // left, gone on in
	chains [2]vault.Chain
	left   []byte // what anchors may remember of batches that are no more
}

// leftState keeps the ends of batches as they were before Continue took them
// apart: entry u64 ‖ chain 32 each. An anchor may lag behind and still tell of one.
const leftState = "store/left"

func (m *mover) run(ctx context.Context) error {
	var batches []batch
	err := m.s.w.rows(ctx, func(scan func(...any) error) error {
		b, err := scanBatch(scan)
		batches = append(batches, b)
		return err
	}, batchColumns+"WHERE b.log=? AND b.last>? ORDER BY b.last", m.logs[0], m.end)
	if err != nil || len(batches) == 0 {
		return err
	}
	var before []byte
	if ok, err := m.s.w.row(ctx, []any{&before}, "SELECT chain FROM batch WHERE log=? AND last<=? ORDER BY last DESC LIMIT 1", m.logs[0], m.end); err != nil {
		return err
	} else if ok {
		copy(m.chains[0][:], before)
	}
	if _, err := m.s.w.row(ctx, []any{&m.left}, "SELECT value FROM journal WHERE key=?", leftState); err != nil {
		return err
	}
	m.left = bytes.Clone(m.left)
	for _, b := range batches {
		if err := m.split(ctx, b); err != nil {
			return err
		}
	}
	return setState(m.s.w, leftState, m.left)
}

// split writes a batch anew as runs of entries of one log each.
func (m *mover) split(ctx context.Context, b batch) error {
	m.left = append(binary.BigEndian.AppendUint64(m.left, uint64(b.last)), b.chain[:]...)
	if err := m.s.w.run("DELETE FROM batch WHERE last=?", b.last); err != nil {
		return err
	}
	side, first := -1, b.last-b.count+1
	flush := func(last int64) error {
		if side < 0 {
			return nil
		}
		return m.s.w.run("INSERT INTO batch(last,log,count,at,chain) VALUES(?,?,?,?,?)", last, m.logs[side], last-first+1,
			b.at.UnixMilli(), m.chains[side][:])
	}
	var entries []vault.Entry
	err := m.s.w.rows(ctx, func(scan func(...any) error) error {
		e, _, err := scanEntry(scan)
		entries = append(entries, e)
		return err
	}, headerColumns+"WHERE e.entry BETWEEN ? AND ? ORDER BY e.entry", first, b.last)
	if err != nil {
		return err
	}
	for _, e := range entries {
		to := 1
		if k := e.Header.Kind; e.Number <= m.end || k == vault.KindMember || k == vault.KindEpoch {
			to = 0
		}
		if to != side {
			if err := flush(e.Number - 1); err != nil {
				return err
			}
			side, first = to, e.Number
		}
		m.chains[side] = m.chains[side].Next(e.Header)
	}
	return flush(b.last)
}

// wasLeft reports whether the own log passed through h before Continue.
func wasLeft(ctx context.Context, c *conn, h Head) (bool, error) {
	var left []byte
	if _, err := c.row(ctx, []any{&left}, "SELECT value FROM journal WHERE key=?", leftState); err != nil {
		return false, err
	}
	const size = 8 + len(vault.Chain{})
	for ; len(left) >= size; left = left[size:] {
		if int64(binary.BigEndian.Uint64(left)) == h.Entry && vault.Chain(left[8:size]) == h.Chain {
			return true, nil
		}
	}
	return false, nil
}
