package synth

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNothingHappensBeforeBirthOrAfterNow(t *testing.T) {
	for _, o := range []Options{{Seed: 7, Patients: 100}, {Seed: 7, Patients: 20, Now: time.Date(2019, 2, 28, 23, 0, 0, 0, time.UTC)}} {
		g := New(o)
		now := string(g.now.append(nil, toDay))
		for i := range o.Patients {
			var l life
			l.live(g, i)
			born := string(l.born.append(nil, toDay))
			for b := range g.Patient(i) {
				r := parse(t, b)
				walk(r, "", func(path string, v any) {
					s, ok := v.(string)
					key := path[strings.LastIndexByte(path, '.')+1:]
					if !ok || !slices.Contains(dateTimes, key) && !slices.Contains(dates, key) && !slices.Contains(instants, key) {
						return
					}
					d := s[:min(len(s), 10)]
					if d < born[:len(d)] {
						t.Fatalf("patient %d, %v%s: %s is before birth on %s", i, r["resourceType"], path, s, born)
					}
					ahead := r["resourceType"] == "Appointment" && r["status"] == "booked"
					if d > now[:len(d)] && !ahead {
						t.Fatalf("patient %d, %v%s: %s is after %s", i, r["resourceType"], path, s, now)
					}
				})
			}
		}
	}
}

func TestEveryReferenceResolves(t *testing.T) {
	g := New(Options{Seed: 8, Patients: 80})
	kinds := map[string]int{}
	for i := range 80 {
		known := map[string]bool{}
		var refs []string
		learn := func(b []byte) map[string]any {
			r := parse(t, b)
			kind := r["resourceType"].(string)
			if id, ok := r["id"].(string); ok {
				known[kind+"/"+id] = true
				known["urn:uuid:"+id] = true
			}
			if list, ok := r["identifier"].([]any); ok {
				for _, e := range list {
					id := e.(map[string]any)
					known[kind+"?identifier="+id["system"].(string)+"|"+id["value"].(string)] = true
				}
			}
			return r
		}
		for b := range g.Directory(i) {
			learn(b)
		}
		for b := range g.Patient(i) {
			r := learn(b)
			inside := map[string]bool{}
			if list, ok := r["contained"].([]any); ok {
				for _, e := range list {
					inside["#"+e.(map[string]any)["id"].(string)] = true
				}
			}
			used := map[string]bool{}
			walk(r, "", func(path string, v any) {
				if !strings.HasSuffix(path, ".reference") {
					return
				}
				ref := v.(string)
				if ref[0] == '#' {
					used[ref] = true
					if !inside[ref] {
						t.Errorf("%s refers to %s, which it does not contain", r["resourceType"], ref)
					}
					return
				}
				// Backwards only: an exact number of records cuts the stream anywhere.
				if !known[ref] {
					t.Errorf("patient %d: %s in %s is not among the earlier records", i, ref, r["resourceType"])
				}
				refs = append(refs, ref)
			})
			if len(used) != len(inside) {
				t.Errorf("%s contains what it does not refer to", r["resourceType"])
			}
		}
		for _, ref := range refs {
			switch {
			case strings.HasPrefix(ref, "urn:uuid:"):
				kinds["urn"]++
			case strings.Contains(ref, "?"):
				kinds["conditional"]++
			default:
				kinds["relative"]++
			}
		}
	}
	for _, k := range []string{"urn", "conditional", "relative"} {
		if kinds[k] < 1000 {
			t.Errorf("%d %s references", kinds[k], k)
		}
	}
}

func TestGlycatedHaemoglobinFollowsDiabetes(t *testing.T) {
	g := New(Options{Seed: 9})
	healthy, treated, fell := 0, 0, 0
	for i := range 400 {
		var l life
		l.live(g, i)
		ill := l.illness[diabetes]
		prescribed := ""
		var before, after []float64
		for b := range g.Patient(i) {
			if !bytes.Contains(b, []byte(`"4548-4"`)) && !bytes.Contains(b, []byte(`"861007"`)) {
				continue
			}
			r := parse(t, b)
			if r["resourceType"] == "MedicationRequest" && prescribed == "" && strings.Contains(string(b), `"code":"861007"`) {
				prescribed = r["authoredOn"].(string)[:10]
			}
			value, ok := r["valueQuantity"].(map[string]any)
			if !ok || firstCode(r["code"]) != "4548-4" {
				continue
			}
			v, err := value["value"].(json.Number).Float64()
			if err != nil || v < 4 || v > 14 {
				t.Fatalf("HbA1c %v", value["value"])
			}
			day := r["effectiveDateTime"].(string)[:10]
			switch {
			case ill.onset == never:
				healthy++
				if v >= 6.5 {
					t.Errorf("patient %d without diabetes has HbA1c %v", i, v)
				}
			case day < string(ill.onset.append(nil, toDay)):
			case day <= string(ill.treated.append(nil, toDay)) || ill.treated == never:
				before = append(before, v)
				if v < 6.5 {
					t.Errorf("patient %d with untreated diabetes has HbA1c %v", i, v)
				}
			case day > string((ill.treated+240).append(nil, toDay)):
				after = append(after, v)
			}
		}
		if ill.treated > l.first && ill.treated != never && prescribed != string(ill.treated.append(nil, toDay)) {
			t.Errorf("patient %d got metformin on %s, but was treated from %s", i, prescribed, ill.treated.append(nil, toDay))
		}
		if len(before) > 0 && len(after) > 0 {
			treated++
			if slices.Min(after) < slices.Max(before) {
				fell++
			}
		}
	}
	if healthy < 100 || treated < 5 || fell != treated {
		t.Errorf("%d healthy values; HbA1c fell in %d of %d after metformin", healthy, fell, treated)
	}
}

// Terms are there once, and where they are said to be.
func TestTermsOccurWhereTheySay(t *testing.T) {
	g := New(Options{Seed: 10, Patients: 50})
	var all strings.Builder
	for b := range g.Resources() {
		all.Write(b)
		all.WriteByte('\n')
		r := parse(t, b)
		if r["resourceType"] != "DocumentReference" {
			continue
		}
		all.Write(attachment(t, r))
		all.WriteByte('\n')
	}
	text := strings.ToLower(all.String())
	for i := range g.patients {
		terms := g.Terms(i)
		if n := strings.Count(text, terms.Rare); n != 1 {
			t.Errorf("%s occurs %d times", terms.Rare, n)
		}
		if n := strings.Count(text, `"value":"`+terms.Identifier+`"`); n != 1 {
			t.Errorf("%s is the identifier of %d patients", terms.Identifier, n)
		}
		if terms.Family == "" {
			t.Error("no family name")
		}
	}
	for _, w := range slices.Concat(CommonTerms(), Prefixes()) {
		if n := strings.Count(text, w); n < 5 {
			t.Errorf("%s occurs %d times", w, n)
		}
	}
}

func TestRareWordsNeverRepeat(t *testing.T) {
	g, seen := New(Options{Seed: 11}), map[string]bool{}
	for i := range 50_000 {
		w := g.rareWord(i)
		if seen[w] {
			t.Fatalf("%s is the word of two patients", w)
		}
		seen[w] = true
	}
}

func TestCalendarAgreesWithTime(t *testing.T) {
	for d := civil(1899, 12, 1); d < civil(2101, 2, 1); d++ {
		want := time.Unix(int64(d)*86400, 0).UTC()
		if y, m, dd := d.date(); y != want.Year() || m != int(want.Month()) || dd != want.Day() || civil(y, m, dd) != d {
			t.Fatalf("day %d is %d-%d-%d, want %s", d, y, m, dd, want)
		}
	}
}
