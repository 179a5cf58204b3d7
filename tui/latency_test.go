package tui_test

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"phivault/crypto/secret"
	"phivault/tui"
	"phivault/tui/tuitest"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/synth"
)

// size is how many records are browsed: PHIVAULT_BENCH_N, else 3,000, or 100,000
// with PHIVAULT_SLOW.
func size(b *testing.B) int {
	if s := os.Getenv("PHIVAULT_BENCH_N"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			b.Fatal("PHIVAULT_BENCH_N is a number of records")
		}
		return n
	}
	if os.Getenv("PHIVAULT_SLOW") != "" {
		return 100_000
	}
	return 3000
}

// crowd makes a vault of n made-up records, never more than a part of them in
// memory.
func crowd(b *testing.B, n int) *opener {
	o := &opener{dir: filepath.Join(b.TempDir(), "vault")}
	load(b, o, codec.Stream("made up", func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			_, err := synth.New(synth.Options{Seed: 2, Records: n}).WriteNDJSON(w)
			w.CloseWithError(err)
		}()
		return r, nil
	}, []vault.Codec{fhirjson.NDJSON()}))
	runtime.GC()
	debug.FreeOSMemory()
	return o
}

// firstFrame is the time from an open vault to a screen that shows patients, the
// key derivation not counted.
func firstFrame(b *testing.B, o *opener) time.Duration {
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	in, err := o.Open(b.Context(), p)
	if err != nil {
		b.Fatal(err)
	}
	defer in.Close(b.Context())
	begun := time.Now()
	m := tui.New(b.Context(), tui.Options{Opener: o, Session: in})
	queue := []tea.Cmd{m.Init()}
	for len(queue) > 0 {
		cmd := queue[0]
		queue = queue[1:]
		if cmd == nil {
			continue
		}
		msg := cmd()
		if list, ok := msg.(tea.BatchMsg); ok {
			queue = append(queue, list...)
			continue
		}
		m.Update(msg)
		if strings.Contains(m.View().Content, "Born") && strings.Contains(m.View().Content, "›") {
			return time.Since(begun)
		}
	}
	b.Fatal("no patient was ever shown")
	return 0
}

// resident is the memory of this process in MiB, 0 where the system does not say.
func resident() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, _ := strconv.ParseFloat(strings.Fields(after + " 0")[0], 64)
	return kib / 1024
}

// BenchmarkKeys measures what a key takes until the screen that follows from it,
// the vault's answers included. It must reach: first frame below 100 ms, search
// below 50 ms a letter, 150 MiB while browsing 100,000 records.
func BenchmarkKeys(b *testing.B) {
	o := crowd(b, size(b))
	first := firstFrame(b, o)
	s := tuitest.New(b, tui.Options{Opener: o}).Unlock(passphrase)
	took, most := map[string][]time.Duration{}, 0.0
	key := func(name string, press func()) {
		t := time.Now()
		press()
		took[name] = append(took[name], time.Since(t))
		most = max(most, resident())
	}
	for b.Loop() {
		key("patients-down", func() { s.Press("down") })
		key("patients-filter", func() { s.Press("f").Type("an") })
		key("patients-unfilter", func() { s.Press("esc") })
		key("open-chart", func() { s.Press("down", "enter") })
		key("timeline", func() { s.Press("2") })
		key("timeline-page", func() { s.Press("pgdown") })
		key("labs", func() { s.Press("3") })
		key("labs-down", func() { s.Press("down") })
		key("trend", func() { s.Press("t") })
		key("record", func() { s.Press("enter") })
		s.Leave("chart labs")
		for _, word := range []string{"metformin", "an", "pressure", "hem"} {
			s.Press("/")
			for _, r := range word {
				key("search-letter", func() { s.Type(string(r)) })
			}
			key("search-leave", func() { s.Press("esc") })
		}
		s.Leave("patients")
	}
	b.ReportMetric(float64(first.Microseconds())/1000, "first-frame-ms")
	b.ReportMetric(most, "rss-MiB")
	// The middle one says what it costs, the worst one also how busy the machine was.
	for name, list := range took {
		slices.Sort(list)
		b.ReportMetric(float64(list[len(list)/2].Microseconds())/1000, name+"-p50-ms")
		b.ReportMetric(float64(list[len(list)-1].Microseconds())/1000, name+"-max-ms")
	}
}
