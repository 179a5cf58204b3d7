package journaltest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal/segment"
	"phivault/vault/synth"
)

// run syncs with the engine that the product has.
func (d *Device) run(t TB, r remote.Remote) engine.Result {
	t.Helper()
	rep, err := engine.Sync(context.Background(), d.Journal, []engine.Target{{Name: "r", Remote: r}}, engine.Options{})
	check(t, err)
	return rep.Remotes[0]
}

// With nothing new a sync asks at most three times a log that is in use. One
// edit costs one object of at most 5 KiB here, and three requests more there. The
// vault's size and the length of its logs play no part.
func TestRequestsGrowWithTheChange(t *testing.T) {
	for _, edits := range []int{1, 70} {
		dir, r := Scratch(t), memory.New()
		a := Found(t, dir, "a")
		devices := []*Device{a}
		for _, name := range []string{"b", "c"} {
			devices = append(devices, Join(t, a, r, dir, name, segment.RoleMember))
		}
		for i := range edits {
			for k, d := range devices {
				d.Add(t, strings.Replace(pulse, "o1", fmt.Sprintf("o%d-%d", k, i), 1))
				d.run(t, r)
			}
		}
		for range 2 {
			for _, d := range devices {
				d.run(t, r)
			}
		}
		want := func(what string, d *Device, most, objects int) {
			t.Helper()
			switch got := d.run(t, r); {
			case got.Requests > most:
				t.Errorf("%d edits before, %s: %d requests, want at most %d", edits, what, got.Requests, most)
			case got.Pushed.Objects != objects || got.Pushed.Bytes > int64(objects)*5<<10:
				t.Errorf("%d edits before, %s: %d objects with %d bytes went up", edits, what, got.Pushed.Objects, got.Pushed.Bytes)
			}
		}
		idle := devices[1].run(t, r).Requests
		for _, d := range devices {
			want("nothing new", d, 3*len(devices), 0)
		}
		a.Add(t, strings.Replace(pulse, "60", "61", 1))
		want("one edit here", a, idle+1, 1)
		want("one edit there", devices[1], idle+3, 0)
		want("nothing new after it", devices[1], idle, 0)
		for i := range 40 {
			a.Add(t, strings.Replace(pulse, "60", fmt.Sprint(100+i), 1))
			a.run(t, r)
		}
		// Far behind, questions are asked in growing heaps and few are in vain.
		want("40 segments behind", devices[2], idle+1+40+lookMost, 0)
		if devices[2].Contents(t) != a.Contents(t) {
			t.Error("not all arrived")
		}
		for _, d := range devices {
			d.Close()
		}
	}
}

// lookMost is the number of names of a log that are asked for at once, at most.
const lookMost = 16

// What goes up is at most 0.4 of the records' JSON, also for records of a few
// hundred bytes each and for an import of moderate size.
func TestUploadsAreSmallerThanTheRecords(t *testing.T) {
	pulses := func(yield func([]byte) bool) {
		for i := 0; yield(fmt.Appendf(nil, `{"resourceType":"Observation","id":"o%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}],"text":"Heart rate"},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-03-%02dT08:%02d:00+01:00","valueQuantity":{"value":%d.%d,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}`, i, i%50, i%28+1, i%60, 50+i%70, i%10)); i++ {
		}
	}
	for _, c := range []struct {
		what    string
		n       int
		records func(func([]byte) bool)
	}{
		{"many of all kinds", 5000, synth.New(synth.Options{Seed: 5, Patients: 1000}).Resources()},
		{"some of all kinds", 1500, synth.New(synth.Options{Seed: 6, Patients: 1000}).Resources()},
		{"many small ones", 9000, pulses},
		{"some small ones", 3000, pulses},
	} {
		a := Found(t, Scratch(t), "a")
		var batch vault.Batch
		size, n, seen := int64(0), 0, map[vault.RecordID]bool{}
		for doc := range c.records {
			res, err := fhir.Parse(bytes.Clone(doc), nil)
			check(t, err)
			p := &vault.Put{ID: vault.RecordIDOf("a", res.Type, res.ID), Source: "a", Resource: &res}
			if seen[p.ID] {
				continue
			}
			seen[p.ID] = true
			check(t, a.Store.Prepare(p))
			batch.Puts = append(batch.Puts, p)
			size += int64(len(doc))
			if n++; n == c.n || len(batch.Puts) == 1000 {
				_, err := a.Store.Append(context.Background(), batch)
				check(t, err)
				batch.Puts = nil
			}
			if n == c.n {
				break
			}
		}
		got := a.run(t, memory.New())
		t.Logf("%s: %d records of %d bytes, %d objects, %.3f of the JSON", c.what, n, size/int64(n), got.Pushed.Objects, float64(got.Pushed.Bytes)/float64(size))
		if got.Pushed.Bytes*10 > size*4 || got.Pushed.Entries < n {
			t.Errorf("%s: %d bytes went up for %d bytes of JSON", c.what, got.Pushed.Bytes, size)
		}
		a.Close()
	}
}
