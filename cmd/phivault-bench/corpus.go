package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/synth"
)

// seed of the population; every run measures the same records.
const seed = 1

// corpus is the input on disk: NDJSON, cut into as many parts as there are pairs,
// and each part as SQL for the programs that take that.
type corpus struct {
	records int
	bytes   int64
	ndjson  string
	parts   []int64  // offsets in ndjson: part i is from parts[i] to parts[i+1]
	counts  []int    // records of each part
	some    int64    // end of the first few records, for a merge to be made of
	sql     []string // files, one a part; none without such a program
	queries queries
}

// mostGets bounds the records that are asked for by id, and rows and series too.
const mostGets = 20_000

// writeCorpus makes n records in dir.
func writeCorpus(ctx context.Context, dir string, n, parts int, withSQL bool) (*corpus, error) {
	c := &corpus{records: n, ndjson: filepath.Join(dir, "records.ndjson"), parts: []int64{0}}
	f, err := os.Create(c.ndjson)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	w := &corpusWriter{c: c, out: bufio.NewWriterSize(f, 1<<20), dir: dir, withSQL: withSQL}
	err = w.run(ctx, n, parts)
	if err == nil {
		err = w.out.Flush()
	}
	if err == nil {
		err = f.Close()
	}
	return c, err
}

const someRecords = 4000

type corpusWriter struct {
	c       *corpus
	out     *bufio.Writer
	dir     string
	withSQL bool
	sql     *sqlFile
	patient vault.RecordID // whose records are being written
	written int            // of this part
}

func (w *corpusWriter) run(ctx context.Context, n, parts int) error {
	g := synth.New(synth.Options{Seed: seed, Records: n})
	i := 0
	for b := range g.Resources() {
		if i&1023 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if i == n*len(w.c.parts)/parts {
			if err := w.endPart(); err != nil {
				return err
			}
		}
		if err := w.record(bytes.Clone(b), i); err != nil {
			return err
		}
		if i++; i <= someRecords {
			w.c.some = w.c.bytes
		}
	}
	if err := w.endPart(); err != nil {
		return err
	}
	c := w.c
	whole := max(1, len(c.queries.Patients)-1) // the last patient is cut off where n ends
	for i := range min(whole, 2000) {
		c.queries.Rare = append(c.queries.Rare, g.Terms(i).Rare)
	}
	c.queries.Common, c.queries.Prefixes = synth.CommonTerms(), synth.Prefixes()
	return nil
}

func (w *corpusWriter) endPart() error {
	w.c.parts, w.c.counts = append(w.c.parts, w.c.bytes), append(w.c.counts, w.written)
	w.written = 0
	if w.sql == nil {
		return nil
	}
	err := w.sql.close()
	w.sql = nil
	return err
}

// record writes one resource, which is number i.
func (w *corpusWriter) record(json []byte, i int) error {
	r, err := fhir.Parse(json, nil)
	if err != nil {
		return err
	}
	w.out.Write(json)
	if err := w.out.WriteByte('\n'); err != nil {
		return err
	}
	w.c.bytes += int64(len(json)) + 1
	w.written++
	if r.ID == "" {
		h, err := contentHash(&r)
		if err != nil {
			return err
		}
		r.ID = "sha256:" + h
	}
	id := vault.RecordIDOf(source, r.Type, r.ID)
	t := target{id, rowOf(r.Date, i)}
	w.choose(&r, t, i)
	if !w.withSQL {
		return nil
	}
	if w.sql == nil {
		path := filepath.Join(w.dir, fmt.Sprintf("part%d.sql", len(w.c.sql)))
		if w.sql, err = newSQLFile(path); err != nil {
			return err
		}
		w.c.sql = append(w.c.sql, path)
	}
	about := w.patient
	if r.Subject == "" && r.Type != "Patient" {
		about = vault.RecordID{}
	}
	return w.sql.insert(t, about, &r)
}

// choose keeps every so many records to be asked for.
func (w *corpusWriter) choose(r *vault.Resource, t target, i int) {
	q := &w.c.queries
	if r.Type == "Patient" {
		w.patient = t.ID
		if len(q.Patients) < mostGets {
			q.Patients = append(q.Patients, t)
		}
	}
	step := max(1, w.c.records/mostGets)
	if i%step == 0 {
		q.Gets = append(q.Gets, t)
	}
	if r.Type == "Observation" && i%(10*step) == 0 && strings.HasPrefix(r.Subject, "Patient/") && r.Code.Code != "" && r.Value != "" {
		q.Trends = append(q.Trends, series{w.patient, r.Code.Code})
	}
}

// rowOf is a row's number in the plain tables: newest first by it, as a vault's.
func rowOf(date string, i int) int64 {
	day, ok := fhir.Day(date)
	if !ok || day < 0 {
		day = -1
	}
	return int64(day+1)<<32 | int64(i+1)
}
