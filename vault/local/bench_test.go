package local

import (
	"fmt"
	"path/filepath"
	"testing"

	"phivault/vault"
	"phivault/vault/fhir"
)

// filled makes a vault of n patients.
func (w *world) filled(n int) {
	w.t.Helper()
	v := w.create()
	var batch vault.Batch
	for i := range n {
		id := fmt.Sprintf("p%d", i)
		r, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Patient","id":%q,"name":[{"family":"Canaryfamily%d","given":["Quoll"]}],"birthDate":"19%02d-01-01"}`, id, i, i%100), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		p := &vault.Put{ID: vault.RecordIDOf("bench", r.Type, r.ID), Source: "bench", Resource: &r}
		if err := v.database.store.Prepare(p); err != nil {
			w.t.Fatal(err)
		}
		if batch.Puts = append(batch.Puts, p); len(batch.Puts) == 1000 || i == n-1 {
			if _, err := v.database.store.Append(ctx, batch); err != nil {
				w.t.Fatal(err)
			}
			batch.Puts = nil
		}
	}
	w.close(v)
}

// BenchmarkOpen is everything of opening but the key derivation, which is made
// cheap here: lock, keys, database, anchor, audit entry.
func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{100, rounds(5_000, 100_000)} {
		b.Run(fmt.Sprintf("records=%d", n), func(b *testing.B) {
			w := newWorld(b)
			w.filled(n)
			for b.Loop() {
				v := w.open()
				b.StopTimer()
				w.close(v)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkClose(b *testing.B) {
	w := newWorld(b)
	w.filled(rounds(5_000, 100_000))
	for b.Loop() {
		b.StopTimer()
		v := w.open()
		b.StartTimer()
		w.close(v)
	}
}

func BenchmarkBackup(b *testing.B) {
	w := newWorld(b)
	w.filled(rounds(5_000, 100_000))
	v := w.open()
	dir := b.TempDir()
	for n := 0; b.Loop(); n++ {
		info, err := v.Backup(ctx, filepath.Join(dir, fmt.Sprint(n)), BackupOptions{})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(info.Bytes)
	}
}
