package store

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/store/sqlite"
)

func kinds(problems []vault.Problem) (k []string) {
	for _, p := range problems {
		if !slices.Contains(k, p.Kind) {
			k = append(k, p.Kind)
		}
	}
	return k
}

// some makes a store with records to damage.
func some(t *testing.T) *Store {
	t.Helper()
	s := newPlain(t)
	gone := strings.Replace(weight, `"w1"`, `"w3"`, 1)
	addJSON(t, s, ann, weight, asthma, note, strings.Replace(weight, `"w1"`, `"w2"`, 1), gone)
	r, err := s.Get(ctx, vault.RecordIDOf("a", "Observation", "w3")) // record 6
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(ctx, vault.Batch{Deletes: []vault.Delete{{ID: r.ID, Base: r.Head}}}); err != nil {
		t.Fatal(err)
	}
	clean(t, s)
	return s
}

// whileAlone lends the writer, which the keeper uses too: nothing else keeps two from
// using one connection at once.
func whileAlone(s *Store, f func(w *conn) error) error {
	s.write.Lock()
	defer s.write.Unlock()
	return f(s.w)
}

// rowsAlone is the writer's rows.
func rowsAlone(s *Store, each func(scan func(...any) error) error, query string, args ...any) error {
	return whileAlone(s, func(w *conn) error { return w.rows(ctx, each, query, args...) })
}

// rowAlone is the writer's row, which must be there.
func rowAlone(s *Store, dest []any, query string) error {
	return whileAlone(s, func(w *conn) error {
		if ok, err := w.row(ctx, dest, query); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("a row: %v", ok))
		}
		return nil
	})
}

// planOf is what SQLite means to do for a query, a step each.
func planOf(t testing.TB, s *Store, query string, args ...any) (steps []string) {
	t.Helper()
	err := rowsAlone(s, func(scan func(...any) error) error {
		var id, parent, unused int64
		var step string
		err := scan(&id, &parent, &unused, &step)
		steps = append(steps, step)
		return err
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return steps
}

func do(t testing.TB, s *Store, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if err := whileAlone(s, func(w *conn) error { return w.exec(ctx, q) }); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func ask(t testing.TB, s *Store, query string) (text string) {
	t.Helper()
	if err := rowAlone(s, []any{&text}, query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

// unindexed makes changes that an index is not told of.
func unindexed(t *testing.T, s *Store, name string, changes ...string) {
	t.Helper()
	version := 0
	fmt.Sscan(ask(t, s, "PRAGMA schema_version"), &version)
	row := ask(t, s, "SELECT quote(type)||','||quote(name)||','||quote(tbl_name)||','||rootpage||','||quote(sql) FROM sqlite_schema WHERE name='"+name+"'")
	begin, end := "PRAGMA writable_schema=ON", "PRAGMA writable_schema=RESET"
	do(t, s, begin, "DELETE FROM sqlite_schema WHERE name='"+name+"'", fmt.Sprint("PRAGMA schema_version=", version+1), end)
	do(t, s, changes...)
	do(t, s, begin, "INSERT INTO sqlite_schema VALUES("+row+")", fmt.Sprint("PRAGMA schema_version=", version+2), end)
}

// An index that says something else than its table, which says what the log does, is
// found whichever index it is.
func TestVerifyComparesEachIndexWithItsTable(t *testing.T) {
	const row, odd, entry = " WHERE record=2", " WHERE record=6", " WHERE entry=3"
	for _, c := range []struct{ index, table, columns, wrong, where string }{
		{"record_id", "record", "id", "randomblob(16)", row},
		{"record_id", "record", "id", "'text'", row},
		{"record_subject", "record", "subject", "NULL", row},
		{"record_subject", "record", "subject", "subject+1", row},
		{"record_subject", "record", "doc", "doc+4294967296", row},
		{"record_odd", "record", "state", "2", row},
		{"record_odd", "record", "state", "2", odd},
		{"record_odd", "record", "doc", "doc+4294967296", odd},
		{"entry_record", "entry", "record", "record+1", entry},
		{"entry_record", "entry", "record", "NULL", entry},
		{"entry_about", "entry", "record,about", "NULL,x'01'", entry},
		{"entry_blob", "entry", "kind,about", "5,x'01'", entry},
		{"subject_record", "subject", "record", "2", " WHERE subject=1"},
	} {
		s := some(t)
		right := ask(t, s, "SELECT quote("+strings.ReplaceAll(c.columns, ",", ")||','||quote(")+") FROM "+c.table+c.where)
		set := "UPDATE " + c.table + " SET (" + c.columns + ")=(SELECT "
		do(t, s, set+c.wrong+")"+c.where)
		unindexed(t, s, c.index, set+right+")"+c.where)
		if len(verify(t, s, false)) == 0 {
			t.Errorf("%s with %s=%s: nothing is told", c.index, c.columns, c.wrong)
		}
	}
}

// Rows that an index lacks, or that it alone has.
func TestVerifyCountsWhatAnIndexHas(t *testing.T) {
	for name, row := range map[string]int{"record_id": 3, "record_subject": 3, "record_odd": 6, "entry_record": 3} {
		table := name[:strings.IndexByte(name, '_')]
		s := some(t)
		where := fmt.Sprintf(" FROM %s WHERE %s=%d", table, table, row)
		do(t, s, "CREATE TEMP TABLE kept AS SELECT *"+where, "DELETE"+where)
		unindexed(t, s, name, "INSERT INTO "+table+" SELECT * FROM kept")
		if got := kinds(verify(t, s, false)); !slices.Contains(got, "page") {
			t.Errorf("%s lacks a row: told are %q", name, got)
		}
	}
	for of, where := range map[string]string{"entry_about": "record=NULL,about=x'01'", "entry_blob": "kind=5,about=x'01'"} {
		s := some(t)
		do(t, s, "INSERT INTO entry SELECT 99,kind,record,about,parents,sha256,length FROM entry WHERE entry=3", "UPDATE entry SET "+where+" WHERE entry=99")
		unindexed(t, s, of, "DELETE FROM entry WHERE entry=99")
		if got := kinds(verify(t, s, false)); !slices.Contains(got, "page") {
			t.Errorf("%s has a row more: told are %q", of, got)
		}
	}
}

func TestVerifyComparesRecordsWithEntriesAndText(t *testing.T) {
	for change, kind := range map[string]string{
		"UPDATE record SET revisions=2 WHERE record=2":                                       "view",
		"UPDATE record SET head=3 WHERE record=1":                                            "view",
		"UPDATE record SET head=99 WHERE record=1":                                           "view",
		"DELETE FROM record WHERE record=2":                                                  "view",
		"DELETE FROM record WHERE record=(SELECT max(record) FROM record)":                   "view",
		"UPDATE entry SET record=1 WHERE entry=3":                                            "view",
		"UPDATE record SET state=1 WHERE record=2":                                           "index",
		"DELETE FROM fts_docsize WHERE id=(SELECT doc FROM record WHERE record=2)":           "index",
		"INSERT INTO fts_docsize SELECT id+1000,sz,origin FROM fts_docsize LIMIT 1":          "index",
		"UPDATE fts_docsize SET id=id+1000 WHERE id=(SELECT doc FROM record WHERE record=2)": "index",
		// Lists by type would lack it.
		"DELETE FROM fts WHERE rowid=(SELECT doc FROM record WHERE record=2); INSERT INTO fts(rowid,terms) SELECT doc,'weight' FROM record WHERE record=2":                   "index",
		"DELETE FROM fts WHERE rowid=(SELECT doc FROM record WHERE record=2); INSERT INTO fts(rowid,terms) SELECT doc,'" + facetType + "patient' FROM record WHERE record=2": "index",
	} {
		s := some(t)
		do(t, s, change)
		if got := kinds(verify(t, s, false)); !slices.Contains(got, kind) {
			t.Errorf("%s: told are %q", change, got)
		}
	}
}

func TestVerifyLeavesIndexesItDoesNotKnowToSQLite(t *testing.T) {
	s := some(t)
	do(t, s, "CREATE INDEX more ON record(state)")
	clean(t, s)
	do(t, s, "UPDATE record SET state=2 WHERE record=2")
	unindexed(t, s, "more", "UPDATE record SET state=0 WHERE record=2")
	if got := kinds(verify(t, s, false)); !slices.Contains(got, "page") {
		t.Errorf("told are %q", got)
	}
	s = some(t)
	do(t, s, "DROP INDEX record_odd")
	if got := kinds(verify(t, s, false)); !slices.Contains(got, "page") {
		t.Errorf("an index is gone: told are %q", got)
	}
}

// Live records are counted on the way of a deep look, and otherwise by themselves.
func TestVerifyCountsLiveRecords(t *testing.T) {
	for _, gone := range []bool{false, true} {
		s := some(t)
		want := ask(t, s, "SELECT count(*) FROM record WHERE state<>1")
		if all := ask(t, s, "SELECT count(*) FROM record"); all == want {
			t.Fatal("none is deleted")
		}
		if gone {
			do(t, s, "DROP INDEX record_odd")
		}
		for _, quick := range []bool{false, true} {
			v, err := s.Verify(ctx, quick, func(vault.Problem) {}, func(done, total int64) {
				if done > total {
					t.Errorf("%d of %d entries", done, total)
				}
			})
			if err != nil || fmt.Sprint(v.Records) != want {
				t.Errorf("index gone %v, quick %v: %d records of %s: %v", gone, quick, v.Records, want, err)
			}
		}
	}
}

// What is read of an index must not come from its table.
func TestLargeIndexesAreReadAlone(t *testing.T) {
	s := newPlain(t)
	for _, x := range largeIndexes {
		opened := 0
		err := rowsAlone(s, func(scan func(...any) error) error {
			var op string
			var skip sqlite.Raw
			err := scan(&skip, &op, &skip, &skip, &skip, &skip, &skip, &skip)
			if op == "OpenRead" {
				opened++
			}
			if strings.HasPrefix(op, "Sorter") {
				t.Errorf("%s is not read in its order", x.name)
			}
			return err
		}, "EXPLAIN "+x.query)
		if err != nil || opened != 1 && x.of != byAbout {
			t.Errorf("%s: %d are opened: %v", x.name, opened, err)
		}
	}
	if n := ask(t, s, "SELECT count(*) FROM sqlite_schema WHERE type='index' AND tbl_name IN ('record','entry')"); n != fmt.Sprint(len(largeIndexes)) {
		t.Errorf("there are %s indexes", n)
	}
}

func TestAnIndexInDisorderIsDoubted(t *testing.T) {
	s := newPlain(t)
	c, err := s.dial("rw", fmt.Sprintf(readerPragmas, deepCacheKiB))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, x := range []struct {
		of    int
		rows  string
		blob  bool
		doubt bool
	}{
		{byEntry, "(1,1),(1,2),(2,1)", false, false},
		{byEntry, "(1,1),(2,2),(1,3)", false, true},
		{byEntry, "(1,2),(1,1)", false, true},
		{byEntry, "(1,1),(1,1)", false, true},
		{byEntry, "('a',1)", false, true},
		{bySubject, "(NULL,1,1),(NULL,2,2),(1,1,1)", false, false},
		{bySubject, "(1,1,1),(NULL,2,2)", false, true},
		{byID, "(x'01',9),(x'02',1)", true, false},
		{byID, "(x'01',1),(x'01',2)", true, true},
		{byID, "(x'02',1),(x'01',2)", true, true},
		{byID, "('text',1)", true, true},
		{byAbout, "(NULL,1),(NULL,2),(x'01',1),(x'01',2)", true, false},
		{byAbout, "(x'01',2),(x'01',1)", true, true},
		{byAbout, "(x'01',1),(NULL,2)", true, true},
	} {
		v := &verifier{seed: maphash.MakeSeed()}
		if err := v.through(context.Background(), c, index{of: x.of, query: "VALUES" + x.rows, blob: x.blob}); err != nil {
			t.Fatal(err)
		}
		if v.doubt.Load() != x.doubt {
			t.Errorf("%s: doubted is %v", x.rows, !x.doubt)
		}
	}
}
