package tui_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/synth"
)

// BenchmarkKeys measures what a key takes until the screen that follows from it,
// the vault's answers included, on a vault of 3,000 records, or of 100,000 with
// PHIVAULT_SLOW.
func BenchmarkKeys(b *testing.B) {
	n := 3000
	if os.Getenv("PHIVAULT_SLOW") != "" {
		n = 100_000
	}
	o := &opener{dir: filepath.Join(b.TempDir(), "vault")}
	var in bytes.Buffer
	if _, err := synth.New(synth.Options{Seed: 2, Records: n}).WriteNDJSON(&in); err != nil {
		b.Fatal(err)
	}
	load(b, o, codec.Stream("made up", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(in.Bytes())), nil },
		[]vault.Codec{fhirjson.JSON(), fhirjson.NDJSON()}))
	in = bytes.Buffer{}
	begun := time.Now()
	s := tuitest.New(b, tui.Options{Opener: o}).Unlock(passphrase)
	everyone := time.Since(begun)
	worst := map[string]time.Duration{}
	key := func(name string, press func()) {
		t := time.Now()
		press()
		worst[name] = max(worst[name], time.Since(t))
	}
	for b.Loop() {
		key("patients-down", func() { s.Press("down") })
		key("open-chart", func() { s.Press("enter") })
		key("timeline", func() { s.Press("2") })
		key("labs", func() { s.Press("3") })
		key("labs-down", func() { s.Press("down") })
		key("trend", func() { s.Press("t") })
		s.Press("esc", "/")
		for _, r := range "metformin" {
			key("search-letter", func() { s.Type(string(r)) })
		}
		s.Leave("patients")
	}
	b.ReportMetric(float64(everyone.Milliseconds()), "unlock-to-everyone-ms")
	for name, d := range worst {
		b.ReportMetric(float64(d.Microseconds())/1000, name+"-worst-ms")
	}
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
}
