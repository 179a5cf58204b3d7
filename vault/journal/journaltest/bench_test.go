package journaltest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"phivault/sync/remote/memory"
	"phivault/vault"
	"phivault/vault/fhir"
	"phivault/vault/journal/segment"
)

// BenchmarkFirstSync pushes records and pulls them on a new device, over a remote
// in memory and one object after the other. PHIVAULT_RECORDS is their number.
func BenchmarkFirstSync(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("PHIVAULT_RECORDS"))
	if err != nil {
		n = 4000
	}
	for b.Loop() {
		dir, r := Scratch(b), memory.New()
		a := Found(b, dir, "a")
		size := 0
		for at := 0; at < n; at += 1000 {
			var batch vault.Batch
			for i := at; i < min(at+1000, n); i++ {
				doc := fmt.Sprintf(`{"resourceType":"Observation","id":"o%d","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs","display":"Vital signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}],"text":"Heart rate"},"subject":{"reference":"Patient/p%d"},"effectiveDateTime":"2024-03-%02dT08:%02d:00+01:00","valueQuantity":{"value":%d.%d,"unit":"/min","system":"http://unitsofmeasure.org","code":"/min"}}`, i, i%50, i%28+1, i%60, 50+i%70, i%10)
				res, err := fhir.Parse([]byte(doc), nil)
				check(b, err)
				p := &vault.Put{ID: vault.RecordIDOf("a", res.Type, res.ID), Source: "a", Resource: &res}
				check(b, a.Store.Prepare(p))
				batch.Puts = append(batch.Puts, p)
				size += len(doc)
			}
			_, err := a.Store.Append(context.Background(), batch)
			check(b, err)
		}
		start := time.Now()
		check(b, a.Sync(r))
		push := time.Since(start)
		up := int64(0)
		for e := range r.List(context.Background(), segment.Space(a.VaultID())) {
			up += e.Size
		}
		d := Join(b, a, r, dir, "d", segment.RoleMember)
		start = time.Now()
		check(b, d.Sync(r))
		pull := time.Since(start)
		b.ReportMetric(float64(n)/push.Seconds(), "push-records/s")
		b.ReportMetric(float64(n)/pull.Seconds(), "pull-records/s")
		b.ReportMetric(float64(up)/float64(size), "uploaded/JSON")
		start = time.Now()
		check(b, d.Sync(r))
		b.ReportMetric(float64(time.Since(start).Microseconds()), "idle-µs")
		a.Close()
		d.Close()
	}
}
