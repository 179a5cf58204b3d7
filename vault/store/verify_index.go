package store

import (
	"bytes"
	"context"
	"hash/maphash"

	sqlite3 "modernc.org/sqlite/lib"

	"phivault/vault/store/sqlite"
)

// tally is of rows in any order: their number and the sum of their hashes under a seed
// that is drawn for each check. Two are equal where the rows are; where they are not,
// with a chance of one in 2^64.
type tally struct{ rows, sum uint64 }

// indexed is what an index holds of a row: which of the columns are NULL, a bit each, the
// columns' values, and the row's number behind them.
type indexed [4]int64

func (t *tally) add(seed maphash.Seed, p indexed) {
	t.rows++
	t.sum += maphash.Comparable(seed, p)
}

// What is tallied twice, as the tables say it and as the index does.
const (
	byID = iota
	bySubject
	byState // not live, or in conflict
	byEntry
	byAbout
	byBlob
	inText // each live record and no other
	inType // and under its type
	tallies
)

// index is one of a large table's indexes. Its query reads it alone, in its order.
type index struct {
	of    int // its tally
	name  string
	query string
	blob  bool // the first column is one, and there is no other
}

// largeIndexes are all indexes of records and entries. SQLite's own way to check an
// index is to look up each row in it, whose pages lie anywhere; these are read once,
// from one end to the other.
var largeIndexes = [...]index{
	{byID, "record_id", "SELECT id,record FROM record INDEXED BY record_id ORDER BY id", true},
	{bySubject, "record_subject", "SELECT subject,doc,record FROM record INDEXED BY record_subject ORDER BY subject,doc", false},
	{byState, "record_odd", "SELECT state,doc,record FROM record INDEXED BY record_odd WHERE state<>0 ORDER BY state,doc", false},
	{byEntry, "entry_record", "SELECT record,entry FROM entry INDEXED BY entry_record WHERE record IS NOT NULL ORDER BY record", false},
	{byAbout, "entry_about", "SELECT about,entry FROM entry INDEXED BY entry_about WHERE record IS NULL AND kind<=2 ORDER BY about", true},
	{byBlob, "entry_blob", "SELECT about,entry FROM entry INDEXED BY entry_blob WHERE kind=5 ORDER BY about", true},
}

// blobPlace is what an index on a blob holds.
func blobPlace(seed maphash.Seed, b []byte, row int64) indexed {
	if b == nil {
		return indexed{1, 0, row}
	}
	return indexed{0, int64(maphash.Bytes(seed, b)), row}
}

// walk is a reading of an index in its order.
type walk struct {
	index
	v       *verifier
	s       *sqlite.Stmt
	columns int
	last    indexed
	blob    []byte // the first column before
	any     bool
	row     indexed // now
}

func (v *verifier) walk(c *sqlite.Conn, x index) (*walk, error) {
	s, err := c.Prepare(x.query)
	if err != nil {
		return nil, err
	}
	w := &walk{index: x, v: v, s: s, columns: 2}
	if x.of == bySubject || x.of == byState {
		w.columns = 3
	}
	return w, nil
}

// next goes to the index's next row. What is in disorder, or of another type than it
// can be, is doubted.
func (w *walk) next() (bool, error) {
	more, err := w.s.Step()
	if err != nil || !more {
		return false, err
	}
	if w.index.blob {
		w.nextBlob()
	} else {
		w.row = indexed{}
		for i := range w.columns {
			switch w.s.Kind(i) {
			case sqlite3.SQLITE_INTEGER:
				w.row[1+i] = w.s.Int(i)
			case sqlite3.SQLITE_NULL:
				w.row[0] |= 1 << i
			default:
				w.v.doubt.Store(true)
			}
		}
		if w.any && !w.last.before(&w.row) {
			w.v.doubt.Store(true)
		}
		w.last = w.row
	}
	w.any = true
	w.v.indexes[w.of].add(w.v.seed, w.row)
	return true, nil
}

func (w *walk) nextBlob() {
	if k := w.s.Kind(0); k != sqlite3.SQLITE_BLOB && k != sqlite3.SQLITE_NULL {
		w.v.doubt.Store(true)
	}
	b := w.s.Bytes(0)
	row := w.s.Int(1)
	if w.any {
		order := bytes.Compare(w.blob, b)
		if w.last[0] == 1 && b != nil { // NULL comes first
			order = -1
		}
		unique := w.of == byID
		if order > 0 || order == 0 && (unique || w.last[2] >= row) || w.last[0] == 0 && b == nil {
			w.v.doubt.Store(true)
		}
	}
	w.row = blobPlace(w.v.seed, b, row)
	w.blob, w.last = append(w.blob[:0], b...), w.row
}

// before is the order of an index.
func (p *indexed) before(q *indexed) bool {
	for i := range 3 {
		switch pn, qn := p[0]>>i&1, q[0]>>i&1; {
		case pn != qn:
			return pn > qn
		case p[1+i] != q[1+i]:
			return p[1+i] < q[1+i]
		}
	}
	return false
}

// through reads an index to its end.
func (v *verifier) through(ctx context.Context, c *sqlite.Conn, x index) error {
	w, err := v.walk(c, x)
	if err != nil {
		return err
	}
	defer w.s.Close()
	for n := 0; ; n++ {
		if n&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if more, err := w.next(); err != nil || !more {
			return err
		}
	}
}
