package local

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"phivault/sync/engine"
	"phivault/sync/remote"
	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/fhirjson"
	"phivault/vault/fhir"
	"phivault/vault/journal/journaltest"
	"phivault/vault/synth"
)

// BenchmarkSync imports synthetic records into a vault, pushes them to the
// project's own host over TLS on loopback, and pulls them on a device that has
// just joined. Both databases are encrypted, and what was pulled is searchable.
// PHIVAULT_RECORDS is the number of records (5,000):
//
//	PHIVAULT_RECORDS=100000 go test -run '^$' -bench Sync -benchtime 1x ./vault/local
//
// uploaded/JSON is what went up, blobs included, over the resources' JSON. The
// MB of a phase are the most memory that the process had during it, client and
// host together; 0 where the system does not tell.
func BenchmarkSync(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("PHIVAULT_RECORDS"))
	if err != nil {
		n = 5000
	}
	in, size := synthetic(b, n)
	b.ReportMetric(float64(size)/float64(n), "JSON-bytes/record")
	for b.Loop() {
		h := journaltest.Serve(b, b.TempDir(), nil)
		one, two := newWorld(b), newWorld(b)
		one.o.Clock, two.o.Clock = time.Now, time.Now
		v := one.create()
		if res, err := v.Import(ctx, in, vault.ImportOptions{Source: "clinic", Hash: contentHash}); err != nil || res.Records != int64(n) {
			b.Fatal(res, err)
		}
		one.close(v)
		v = one.open()
		r := h.Client(b, v.ID(), "", remote.Limits{})
		res := measured(b, v, r, "push", n)
		b.ReportMetric(float64(res.Pushed.Bytes)/float64(size), "uploaded/JSON")
		w := second(b, v, r, two)
		one.close(v)
		if res := measured(b, w, r, "pull", n); res.Pulled.Entries < n {
			b.Fatalf("%d entries arrived", res.Pulled.Entries)
		}
		idle := measured(b, w, r, "", n)
		b.ReportMetric(float64(idle.Took.Microseconds())/1000, "idle-ms")
		b.ReportMetric(float64(idle.Requests), "idle-requests")
		two.close(w)
	}
}

// measured syncs, and reports under the name of the phase.
func measured(b *testing.B, v *Vault, r remote.Remote, phase string, n int) engine.Result {
	b.Helper()
	debug.FreeOSMemory()
	peak := peakMemory()
	j, err := v.Journal(ctx)
	if err != nil {
		b.Fatal(err)
	}
	rep, err := engine.Sync(ctx, j, []engine.Target{{Name: "host", Remote: r}}, engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	res := rep.Remotes[0]
	if phase != "" {
		b.ReportMetric(float64(n)/res.Took.Seconds(), phase+"-records/s")
		b.ReportMetric(peak(), phase+"-MB")
	}
	return res
}

// peakMemory begins to watch the process's memory, and gives what tells the most
// that it was, in units of 10⁶ bytes.
func peakMemory() func() float64 {
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // see proc(5)
	return func() float64 {
		f, err := os.Open("/proc/self/status")
		if err != nil {
			return 0
		}
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			var kb float64
			if _, err := fmt.Sscanf(s.Text(), "VmHWM: %f kB", &kb); err == nil {
				return kb * 1024 / 1e6
			}
		}
		return 0
	}
}

// second enrols another device in the world w, by an inviter whose sync with r
// carries the admission out.
func second(t testing.TB, v *Vault, r remote.Remote, w *world) *Vault {
	t.Helper()
	b := admitted(t, v, w, other)
	j, err := v.Journal(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := journaltest.Sync(ctx, j, "host", r); err != nil {
		t.Fatal(err)
	}
	return b
}

// synthetic is an input of n records, and the bytes of their JSON.
func synthetic(t testing.TB, n int) (in vault.Input, size int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "records.ndjson")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := synth.New(synth.Options{Seed: 1, Records: n}).WriteNDJSON(f); err != nil {
		t.Fatal(err)
	}
	if size, err = f.Seek(0, io.SeekCurrent); err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	in, err = codec.Open(path, []vault.Codec{fhirjson.NDJSON()})
	if err != nil {
		t.Fatal(err)
	}
	return in, size - int64(n)
}

func contentHash(r *vault.Resource) (string, error) {
	h, err := fhir.ContentHash(r.JSON, r.Cuts)
	return h.String(), err
}
