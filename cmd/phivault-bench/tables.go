package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"phivault/vault"
)

// The plain tables are what a careful person would make in the shells: the JSON,
// beside it the columns that lists show and filters need, an index for each
// question, the readable text in FTS4 (the newest that Debian's sqlcipher has),
// rows and full text in the order by date, a table of earlier versions.
const tables = `PRAGMA page_size=4096;
PRAGMA journal_mode=WAL;
PRAGMA synchronous=FULL;
PRAGMA temp_store=MEMORY;
CREATE TABLE record(row INTEGER PRIMARY KEY, id TEXT NOT NULL, type TEXT NOT NULL, patient TEXT, code TEXT, date TEXT,
 title TEXT, value TEXT, unit TEXT, flag TEXT, body TEXT, json TEXT NOT NULL);
CREATE UNIQUE INDEX record_id ON record(id);
CREATE INDEX record_patient ON record(patient, row);
CREATE INDEX record_code ON record(patient, code, row);
CREATE INDEX record_type ON record(type, row);
CREATE TABLE earlier(n INTEGER PRIMARY KEY, row INTEGER NOT NULL, at INTEGER NOT NULL, json TEXT NOT NULL);
CREATE VIRTUAL TABLE fts USING fts4(content="record", title, body, order=desc);
CREATE TRIGGER record_ai AFTER INSERT ON record BEGIN INSERT INTO fts(docid,title,body) VALUES(new.row,new.title,new.body); END;
CREATE TRIGGER record_bu BEFORE UPDATE ON record BEGIN DELETE FROM fts WHERE docid=old.row; END;
CREATE TRIGGER record_au AFTER UPDATE ON record BEGIN INSERT INTO fts(docid,title,body) VALUES(new.row,new.title,new.body); END;
`

// session is what the shells are told at each opening.
const session = "PRAGMA synchronous=FULL;\nPRAGMA temp_store=MEMORY;\nPRAGMA cache_size=-16384;\n"

// tableBatch is how many rows are inserted in one transaction, as an import does.
const tableBatch = 2048

type sqlFile struct {
	f   *os.File
	out *bufio.Writer
	n   int
}

func newSQLFile(path string) (*sqlFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	s := &sqlFile{f: f, out: bufio.NewWriterSize(f, 1<<20)}
	s.out.WriteString("BEGIN;\n")
	return s, nil
}

func (s *sqlFile) insert(t target, patient vault.RecordID, r *vault.Resource) error {
	if s.n++; s.n%tableBatch == 0 {
		s.out.WriteString("COMMIT;\nBEGIN;\n")
	}
	about := "NULL"
	if !patient.IsZero() {
		about = text(hex.EncodeToString(patient[:]))
	}
	// A code may be missing, and a second version of a row comes once in a while.
	_, err := fmt.Fprintf(s.out, "INSERT OR REPLACE INTO record VALUES(%d,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s);\n", t.Row,
		text(hex.EncodeToString(t.ID[:])), text(r.Type), about, text(r.Code.Code), text(r.Date), text(r.Title), text(r.Value),
		text(r.Unit), text(r.Flag), text(r.Text), text(string(r.JSON)))
	return err
}

func (s *sqlFile) close() error {
	s.out.WriteString("COMMIT;\n")
	if err := s.out.Flush(); err != nil {
		s.f.Close()
		return err
	}
	return s.f.Close()
}

// text is an SQL string.
func text(s string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(s, "\x00", ""), "'", "''") + "'"
}

const shown = "r.id,r.date,r.type,r.title,r.value,r.unit,r.flag,r.json"

// statements are the questions of one request in SQL, one string each; nil for
// what has no counterpart.
func (q *queries) statements(op string, n int, seed uint64) []string {
	var out []string
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	match := func(words string) {
		add("SELECT %s,snippet(fts,'','','…',-1,12) FROM fts JOIN record r ON r.row=fts.docid WHERE fts MATCH %s ORDER BY fts.docid DESC LIMIT %d;",
			shown, text(words), page)
	}
	switch op {
	case "get":
		for t := range choose(q.Gets, n, seed) {
			add("SELECT %s FROM record r WHERE r.id='%x';", shown, t.ID[:])
		}
	case "list":
		for t := range choose(q.Patients, n, seed) {
			add("SELECT %s FROM record r WHERE r.patient='%x' ORDER BY r.row DESC LIMIT %d;", shown, t.ID[:], page)
		}
	case "rare":
		for w := range choose(q.Rare, n, seed) {
			match(w)
		}
	case "common":
		for w := range choose(q.Common, n, seed) {
			match(w)
		}
	case "prefix":
		for w := range choose(q.Prefixes, n, seed) {
			match(w + "*")
		}
	case "within":
		for t, w := range both(q.Patients, q.Common, n, seed) {
			add("SELECT %s,snippet(fts,'','','…',-1,12) FROM fts JOIN record r ON r.row=fts.docid WHERE fts MATCH %s AND r.patient='%x' ORDER BY fts.docid DESC LIMIT %d;",
				shown, text(w), t.ID[:], page)
		}
	case "trend":
		for t := range choose(q.Trends, n, seed) {
			add("SELECT r.date,r.value,r.unit,r.flag,r.id FROM record r WHERE r.patient='%x' AND r.code=%s ORDER BY r.row;", t.Patient[:], text(t.Code))
		}
	case "edit":
		for t := range choose(q.Gets, n, seed) {
			add("BEGIN IMMEDIATE; INSERT INTO earlier(row,at,json) SELECT row,strftime('%%s','now'),json FROM record WHERE id='%x'; "+
				"UPDATE record SET json=substr(json,1,length(json)-1)||',\"_bench\":{\"id\":\"e%d\"}}' WHERE id='%x'; COMMIT;", t.ID[:], seed, t.ID[:])
		}
	}
	return out
}
