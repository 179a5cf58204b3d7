package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) != "" {
		os.Exit(runWorker(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

var works = []string{"import", "push", "first pull", "open cold", "open warm", "get cold", "get", "list 50 of a patient", "search rare",
	"search common", "search within a patient", "search prefix", "trend", "verify", "edit", "sync one edit", "edit while merging", "backup"}

// A small run has every row, with what its kind has to have, and leaves nothing.
func TestARunHasEveryRowAndLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if code := command(t.Context(), []string{"-n", "700", "--pairs", "7", "--json", "--quiet", "--dir", dir}, &out, &errs); code != exitOK {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	var res struct {
		Schema  string
		Records int
		Rows    []map[string]any
	}
	if err := json.Unmarshal(out.Bytes(), &res); err != nil {
		t.Fatal(err)
	}
	if res.Schema != "phivault.bench.v1" || res.Records != 700 {
		t.Errorf("%s of %d records", res.Schema, res.Records)
	}
	_, err := exec.LookPath("sqlcipher")
	hasCipher := err == nil
	var got []string
	for _, r := range res.Rows {
		work := r["work"].(string)
		got = append(got, work)
		for _, field := range []string{"per_s", "p50_ms", "p99_ms", "rss_mb", "vs_modernc", "vs_sqlcipher"} {
			v, ok := r[field]
			if !ok {
				t.Errorf("%s: no %s", work, field)
			}
			if f, isNumber := v.(float64); v != nil && (!isNumber || f < 0) {
				t.Errorf("%s: %s is %v", work, field, v)
			}
		}
		if len(r) != 7 {
			t.Errorf("%s: %d fields", work, len(r))
		}
		if r["per_s"] == nil {
			t.Errorf("%s: no rate", work)
		}
		bulk := slices.Contains([]string{"import", "push", "first pull", "verify"}, work)
		if (r["p50_ms"] == nil) != bulk {
			t.Errorf("%s: p50 %v", work, r["p50_ms"])
		}
		if (r["vs_modernc"] == nil) != (work == "backup") {
			t.Errorf("%s: beside plain %v", work, r["vs_modernc"])
		}
		none := slices.Contains([]string{"push", "first pull", "sync one edit", "verify", "edit while merging", "backup"}, work)
		if (r["vs_sqlcipher"] == nil) != (none || !hasCipher) {
			t.Errorf("%s: beside sqlcipher %v", work, r["vs_sqlcipher"])
		}
	}
	want := slices.Clone(works)
	if !canForget {
		want = slices.DeleteFunc(want, func(w string) bool { return w == "open cold" })
	}
	if !slices.Equal(got, want) {
		t.Errorf("rows %q", got)
	}
	empty(t, dir)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("left behind: %s", e.Name())
	}
}

func TestAnInterruptLeavesNothing(t *testing.T) {
	for _, after := range []string{"making records", "get"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancelCause(t.Context())
		var errs bytes.Buffer
		_, _, _, err := run(ctx, config{records: 500, pairs: 7, dir: dir, say: func(what string) {
			if what == after {
				cancel(errInterrupted)
			}
		}})
		if err != errInterrupted {
			t.Errorf("after %q: %v", after, err)
		}
		code := command(ctx, []string{"-n", "500", "--quiet", "--dir", dir}, &errs, &errs)
		if code != exitInterrupted || strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("exit %d: %q", code, errs.String())
		}
		empty(t, dir)
	}
}

func TestBadFlagsAreOneLineAndTwo(t *testing.T) {
	for _, args := range [][]string{{"-n", "x"}, {"-n", "3"}, {"--what"}, {"stray"}, {"--pairs", "6"}, {"--pairs", "1000"}} {
		var out, errs bytes.Buffer
		if code := command(t.Context(), args, &out, &errs); code != exitUsage || strings.Count(errs.String(), "\n") != 1 || out.Len() > 0 {
			t.Errorf("%q: exit %d, %q", args, code, errs.String())
		}
	}
}

func TestTooLittleRoomIsOneLine(t *testing.T) {
	dir := t.TempDir()
	var out, errs bytes.Buffer
	code := command(t.Context(), []string{"-n", "1000000000000", "--quiet", "--dir", dir}, &out, &errs)
	if code != exitError || strings.Count(errs.String(), "\n") != 1 || !strings.Contains(errs.String(), "room") {
		t.Errorf("exit %d, %q", code, errs.String())
	}
	empty(t, dir)
}

func TestRatiosAreMediansOfPairs(t *testing.T) {
	p := pairing{work: "w", acts: []float64{1, 2, 30}}
	p.sides[ours] = []float64{2, 2, 2, 9, 2, 2, 2, 2}
	p.sides[modernc] = []float64{1, 1, 1, 1, 1, 1, 1, 1}
	p.sides[cipher] = []float64{1, 1, 1, 1, 1, 1}
	r := p.row()
	if r.VsModernc == nil || *r.VsModernc != 2 {
		t.Errorf("median %v", r.VsModernc)
	}
	if r.VsSQLCipher != nil {
		t.Error("six pairs gave a ratio")
	}
	if *r.P50 != 2 || *r.P99 != 30 || *r.most != 30 {
		t.Errorf("percentiles %v %v %v", *r.P50, *r.P99, *r.most)
	}
	if v := *rounded(1.23456); v != 1.235 {
		t.Error(v)
	}
}
