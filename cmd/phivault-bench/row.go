package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"text/tabwriter"
)

// result is phivault.bench.v1. A figure that was not measured, or has no
// counterpart, is null. A ratio above 1 means that ours is slower.
type result struct {
	Schema  string `json:"schema"`
	Records int    `json:"records"`
	Rows    []row  `json:"rows"`
}

type row struct {
	Work        string   `json:"work"`
	PerS        *float64 `json:"per_s"`  // acts a second; of bulk work, records
	P50         *float64 `json:"p50_ms"` // of one act
	P99         *float64 `json:"p99_ms"`
	RSS         *float64 `json:"rss_mb"` // MiB, the largest while it ran
	VsModernc   *float64 `json:"vs_modernc"`
	VsSQLCipher *float64 `json:"vs_sqlcipher"`

	most     *float64 // ms, the slowest act
	vsSQLite *float64
}

// fewestPairs is how many ratios a median needs.
const fewestPairs = 7

// pairing gathers a row: the time of each side in each turn, and each act's.
type pairing struct {
	work  string
	bulk  bool // per_s counts records, and single acts say nothing
	acts  []float64
	count int64
	sides [4][]float64 // ms of each turn; ours first
	peak  float64
}

// Sides, in the order of pairing.sides.
const (
	ours = iota
	modernc
	cipher
	sqlite
)

func (p *pairing) row() row {
	r := row{Work: p.work}
	total := 0.0
	for _, ms := range p.acts {
		total += ms
	}
	n := float64(len(p.acts))
	if p.bulk {
		n = float64(p.count)
	}
	if total > 0 && n > 0 {
		r.PerS = rounded(n / total * 1000)
	}
	if !p.bulk && len(p.acts) > 0 {
		a := slices.Sorted(slices.Values(p.acts))
		r.P50, r.P99, r.most = rounded(a[len(a)/2]), rounded(a[len(a)*99/100]), rounded(a[len(a)-1])
	}
	if p.peak > 0 {
		r.RSS = rounded(p.peak)
	}
	r.VsModernc, r.VsSQLCipher, r.vsSQLite = p.ratio(modernc), p.ratio(cipher), p.ratio(sqlite)
	return r
}

// ratio is the median of ours to another side's, turn by turn.
func (p *pairing) ratio(side int) *float64 {
	var all []float64
	for i, ms := range p.sides[side] {
		if i < len(p.sides[ours]) && ms > 0 {
			all = append(all, p.sides[ours][i]/ms)
		}
	}
	if len(all) < fewestPairs {
		return nil
	}
	slices.Sort(all)
	m := all[len(all)/2]
	if len(all)%2 == 0 {
		m = (m + all[len(all)/2-1]) / 2
	}
	return rounded(m)
}

// rounded keeps four digits: more would pretend.
func rounded(v float64) *float64 {
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return &v
	}
	s, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 4, 64), 64)
	return &s
}

// size is a line below the table.
type size struct {
	what  string
	bytes int64
}

func writeTable(w io.Writer, res result, sizes []size, json int64) error {
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%d records\tper s\tp50 ms\tp99 ms\tmax ms\tMiB\tvs modernc\tvs sqlcipher\tvs sqlite3\t\n", res.Records)
	for _, r := range res.Rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", r.Work, cell(r.PerS), cell(r.P50), cell(r.P99), cell(r.most),
			cell(r.RSS), cell(r.VsModernc), cell(r.VsSQLCipher), cell(r.vsSQLite))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range sizes {
		if _, err := fmt.Fprintf(w, "%-22s %8.1f MiB  %.2f of the JSON\n", s.what, float64(s.bytes)/(1<<20), float64(s.bytes)/float64(max(json, 1))); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(w, "A ratio above 1: phivault is slower. Medians of pairs taken in turns; – where there is no counterpart.")
	return err
}

func cell(v *float64) string {
	if v == nil {
		return "–"
	}
	if *v >= 100 {
		return strconv.FormatFloat(*v, 'f', 0, 64)
	}
	return strconv.FormatFloat(*v, 'f', 2, 64)
}
