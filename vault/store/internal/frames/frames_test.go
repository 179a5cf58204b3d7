package frames_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"phivault/vault/store/internal/frames"
	"phivault/vault/synth"
)

const dictionaryFile = "../../dictionary1.zst"

func load(t testing.TB) (dict []byte, d *frames.Dictionary, dec *zstd.Decoder) {
	t.Helper()
	dict, err := os.ReadFile(dictionaryFile)
	if err != nil {
		t.Fatal(err)
	}
	if d, err = frames.New(dict); err != nil {
		t.Fatal(err)
	}
	if dec, err = zstd.NewReader(nil, zstd.WithDecoderDicts(dict), zstd.WithDecoderConcurrency(1)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dec.Close)
	return dict, d, dec
}

func general(t testing.TB, dict []byte) *zstd.Encoder {
	t.Helper()
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderDict(dict), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false), zstd.WithZeroFrames(true))
	if err != nil {
		t.Fatal(err)
	}
	return enc
}

func resources(n int, seed uint64) (all [][]byte) {
	for j := range synth.New(synth.Options{Seed: seed, Records: n}).Resources() {
		all = append(all, bytes.Clone(j))
	}
	return all
}

// check packs p and unpacks it again; it reports whether p was taken.
func check(t testing.TB, d *frames.Dictionary, dec *zstd.Decoder, p []byte) (size int, ok bool) {
	t.Helper()
	prefix := []byte("before")
	out, ok := d.Append(slices.Clone(prefix), p)
	if !bytes.HasPrefix(out, prefix) || !ok && len(out) != len(prefix) {
		t.Fatal("what stood before is not there, or more is")
	}
	if !ok {
		return 0, false
	}
	frame := out[len(prefix):]
	if len(frame) >= len(p) {
		t.Fatalf("a frame of %d bytes for %d", len(frame), len(p))
	}
	var h zstd.Header
	if err := h.Decode(frame); err != nil || !h.HasFCS || h.FrameContentSize != uint64(len(p)) {
		t.Fatalf("its header says %d bytes of %d: %v", h.FrameContentSize, len(p), err)
	}
	got, err := dec.DecodeAll(frame, nil)
	if err != nil || !bytes.Equal(got, p) {
		t.Fatalf("%d bytes came back as %d: %v", len(p), len(got), err)
	}
	again, _ := d.Append(nil, p)
	if !bytes.Equal(again, frame) {
		t.Fatal("the same payload gave another frame")
	}
	return len(frame), true
}

// Records come back as they were, nearly all are taken, and they are no larger than
// what a general encoder makes of them.
func TestRecordsComeBack(t *testing.T) {
	dict, d, dec := load(t)
	enc := general(t, dict)
	taken, ours, theirs := 0, 0, 0
	all := resources(3000, 11)
	for _, p := range all {
		if n, ok := check(t, d, dec, p); ok {
			taken++
			ours += n
			theirs += len(enc.EncodeAll(p, nil))
		}
	}
	t.Logf("%d of %d taken, %d bytes, the general encoder makes %d", taken, len(all), ours, theirs)
	if taken < len(all)*9/10 || ours > theirs*105/100 {
		t.Errorf("%d of %d taken, %d bytes where the general encoder makes %d", taken, len(all), ours, theirs)
	}
}

// What no record looks like comes back as well, or is not taken.
func TestOddPayloads(t *testing.T) {
	dict, d, dec := load(t)
	r := rand.New(rand.NewPCG(7, 7))
	noise := make([]byte, 20_000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	zero := make([]byte, 20_000)
	tail := dict[len(dict)-3000:]
	for _, n := range []int{0, 1, 8, 255, 256, 257, 300, 511, 1023, 1024, 1025, 4095, 4096, 5000, 16383, 16384, 16385} {
		for name, p := range map[string][]byte{
			"zeros": zero[:n], "noise": noise[:n], "one letter": bytes.Repeat([]byte("a"), n), "three": bytes.Repeat([]byte("abc"), n/3+1)[:n],
			"dictionary": dict[1000:][:n], "its end": tail[:min(n, len(tail))], "its end and noise": append(slices.Clone(tail[:min(n, len(tail))]), noise[:n]...),
			"text in noise": append(slices.Clone(noise[:n]), bytes.Repeat([]byte(`"resourceType":"Observation",`), 9)...),
			"above ASCII":   bytes.Repeat([]byte("Müller ß 東京 "), n/18+1)[:n],
		} {
			if _, ok := check(t, d, dec, p); ok && (len(p) < 256 || len(p) > 16<<10) {
				t.Errorf("%s, %d bytes: taken", name, len(p))
			}
		}
	}
}

// Mixed pieces of records and of the dictionary reach every code of the sequences.
func TestMixtures(t *testing.T) {
	dict, d, dec := load(t)
	all := resources(200, 5)
	r := rand.New(rand.NewPCG(3, 9))
	taken := 0
	rounds := 3000
	if os.Getenv("PHIVAULT_SLOW") != "" {
		rounds = 300_000
	}
	for range rounds {
		var p []byte
		for size := 256 + r.IntN(1<<(8+r.IntN(7))); len(p) < size; {
			from := all[r.IntN(len(all))]
			switch r.IntN(6) {
			case 0:
				from = dict
			case 1:
				if len(p) > 0 {
					from = p
				}
			case 2:
				p = append(p, byte(r.Uint32()))
				continue
			}
			i := r.IntN(len(from))
			p = append(p, from[i:min(len(from), i+1+r.IntN(1<<r.IntN(12)))]...)
		}
		if _, ok := check(t, d, dec, p); ok {
			taken++
		}
	}
	if taken < rounds/2 {
		t.Errorf("only %d of %d taken: this test looks at too little", taken, rounds)
	}
}

func TestConcurrentUse(t *testing.T) {
	_, d, _ := load(t)
	all := resources(100, 6)
	want := make([][]byte, len(all))
	for i, p := range all {
		want[i], _ = d.Append(nil, p)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i, p := range all {
				if got, _ := d.Append(nil, p); !bytes.Equal(got, want[i]) {
					t.Errorf("record %d gave another frame beside others", i)
				}
			}
		})
	}
	wg.Wait()
}

// A dictionary that is cut or changed in its tables is an error, or what is packed with
// it comes back by the same dictionary.
func TestBrokenDictionaries(t *testing.T) {
	dict, _, _ := load(t)
	whole, err := zstd.InspectDictionary(dict)
	if err != nil {
		t.Fatal(err)
	}
	tables := len(dict) - whole.ContentSize()
	for n := range tables {
		if _, err := frames.New(dict[:n]); err == nil {
			t.Errorf("cut to %d bytes: taken", n)
		}
	}
	p := resources(1, 1)[0]
	for i := 8; i < tables; i++ {
		bad := slices.Clone(dict)
		bad[i] ^= 1 << (i & 7)
		d, err := frames.New(bad)
		if err != nil {
			continue
		}
		dec, err := zstd.NewReader(nil, zstd.WithDecoderDicts(bad), zstd.WithDecoderConcurrency(1))
		if err != nil {
			continue
		}
		check(t, d, dec, p)
		dec.Close()
	}
}

func FuzzAppend(f *testing.F) {
	for _, p := range resources(20, 2) {
		f.Add(p)
	}
	_, d, dec := load(f)
	f.Fuzz(func(t *testing.T, p []byte) { check(t, d, dec, p) })
}

func BenchmarkAppend(b *testing.B) {
	dict, d, dec := load(b)
	all := resources(2000, 4)
	b.Run("general", func(b *testing.B) {
		enc := general(b, dict)
		var out []byte
		for i := range b.N {
			out = enc.EncodeAll(all[i%len(all)], out[:0])
		}
	})
	b.Run("frames", func(b *testing.B) {
		var out []byte
		for i := range b.N {
			out, _ = d.Append(out[:0], all[i%len(all)])
		}
	})
	b.Run("frames, decoded", func(b *testing.B) {
		var out, back []byte
		for i := range b.N {
			var ok bool
			if out, ok = d.Append(out[:0], all[i%len(all)]); ok {
				back, _ = dec.DecodeAll(out, back[:0])
			}
		}
	})
}
