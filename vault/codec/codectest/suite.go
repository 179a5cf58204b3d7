package codectest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/vault"
)

// Golden is an input with what it gives.
type Golden struct {
	Name string // of the file
	In   string
	Want string // of Result.Summary
	// Canary is a piece of the input that no refusal may quote; "" for none.
	Canary string
}

// Run tests what every codec owes, on the goldens and on what becomes of them
// when they are cut, altered, read piecemeal or failing to be read. There must
// be a golden that is taken in and one that is refused.
func Run(t *testing.T, c vault.Codec, goldens []Golden) {
	t.Helper()
	items, refusals := 0, 0
	for _, g := range goldens {
		t.Run(g.Name, func(t *testing.T) {
			r := decode(t, c, g, strings.NewReader(g.In), vault.DecodeOptions{})
			items, refusals = items+len(r.Items), refusals+len(r.Refusals)
			if got := summary(t, r); got != g.Want {
				t.Errorf("got\n%swant\n%s", got, g.Want)
			}
			t.Run("however it is read", func(t *testing.T) { piecemeal(t, c, g) })
			t.Run("cut anywhere", func(t *testing.T) { cutAnywhere(t, c, g) })
			t.Run("altered", func(t *testing.T) { altered(t, c, g) })
			t.Run("failing", func(t *testing.T) { failing(t, c, g) })
			t.Run("stopped", func(t *testing.T) { stopped(t, c, g, len(r.Items)+len(r.Refusals)) })
			t.Run("without attachments", func(t *testing.T) { dry(t, c, g) })
		})
	}
	if items == 0 || refusals == 0 {
		t.Errorf("the goldens give %d items and %d refusals; the suite needs both", items, refusals)
	}
}

// result is a Result with the attachments it was read into.
type result struct {
	Result
	blobs *Blobs
}

func decode(t *testing.T, c vault.Codec, g Golden, r io.Reader, o vault.DecodeOptions) result {
	t.Helper()
	blobs := &Blobs{}
	o.Blobs = blobs
	got, err := Read(c.Decode(context.Background(), g.Name, r, o))
	if err != nil {
		t.Fatal(err)
	}
	if blobs.Open() != 0 {
		t.Errorf("%d attachments were begun and not ended", blobs.Open())
	}
	for _, ref := range got.Refusals {
		if g.Canary != "" && strings.Contains(ref.Place+ref.Reason, g.Canary) {
			t.Errorf("a refusal quotes the input: %s", ref)
		}
	}
	return result{got, blobs}
}

func summary(t *testing.T, r result) string {
	t.Helper()
	var b strings.Builder
	if err := r.Summary(&b, r.blobs); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func piecemeal(t *testing.T, c vault.Codec, g Golden) {
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"byte by byte": iotest.OneByteReader, "by halves": iotest.HalfReader, "with the end at once": iotest.DataErrReader,
	} {
		if got := summary(t, decode(t, c, g, wrap(strings.NewReader(g.In)), vault.DecodeOptions{})); got != g.Want {
			t.Errorf("%s it gives\n%swant\n%s", name, got, g.Want)
		}
	}
}

// steps gives up to about 200 places in n bytes.
func steps(n int) int { return max(1, n/200) }

func cutAnywhere(t *testing.T, c vault.Codec, g Golden) {
	for n := 0; n < len(g.In); n += steps(len(g.In)) {
		if r := decode(t, c, g, strings.NewReader(g.In[:n]), vault.DecodeOptions{}); r.Err != nil {
			t.Errorf("cut at %d it ends with %v", n, r.Err)
		}
	}
}

func altered(t *testing.T, c vault.Codec, g Golden) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		b := []byte(g.In)
		for range 1 + rnd.IntN(3) {
			if len(b) == 0 {
				break
			}
			i := rnd.IntN(len(b))
			switch rnd.IntN(4) {
			case 0:
				b[i] = byte(rnd.IntN(256))
			case 1:
				b = append(b[:i], b[i+1:]...)
			case 2:
				b = append(b[:i:i], append([]byte{`"{}[],:\;`[rnd.IntN(9)]}, b[i:]...)...)
			case 3:
				j := i + rnd.IntN(len(b)-i)
				b = append(b[:j:j], b[i:]...) // a piece twice
			}
		}
		prefix := b[:min(len(b), 4<<10)]
		c.Sniff(prefix)
		plain := g
		plain.Canary = "" // it may have become a part of our own words
		if r := decode(t, c, plain, bytes.NewReader(b), vault.DecodeOptions{}); r.Err != nil {
			t.Errorf("altered it ends with %v", r.Err)
		}
	}
}

func failing(t *testing.T, c vault.Codec, g Golden) {
	broken := errors.New("broken")
	ref := &vault.Refusal{Input: g.Name, Place: "byte 1", Reason: "the archive is damaged"}
	for n := 0; n <= len(g.In); n += max(steps(len(g.In)), len(g.In)/20) {
		part := g.In[:n]
		r := decode(t, c, g, io.MultiReader(strings.NewReader(part), iotest.ErrReader(broken)), vault.DecodeOptions{})
		if r.Err == nil && len(r.Refusals) == 0 || r.Err != nil && !errors.Is(r.Err, broken) {
			t.Errorf("failing at %d it ends with %v", n, r.Err)
		}
		r = decode(t, c, g, io.MultiReader(strings.NewReader(part), iotest.ErrReader(ref)), vault.DecodeOptions{})
		if r.Err != nil || len(r.Refusals) == 0 {
			t.Errorf("refused at %d it ends with %v", n, r.Err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got, err := Read(c.Decode(ctx, g.Name, strings.NewReader(g.In), vault.DecodeOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Items) > 0 {
		t.Error("it gives items when it was cancelled before")
	}
}

func stopped(t *testing.T, c vault.Codec, g Golden, all int) {
	for stop := 1; stop <= all; stop++ {
		n := 0
		for range c.Decode(context.Background(), g.Name, strings.NewReader(g.In), vault.DecodeOptions{}) {
			if n++; n == stop {
				break
			}
		}
		if n != stop {
			t.Errorf("%d given, then stopped at %d", n, stop)
		}
	}
}

// dry compares with a reading that keeps no attachments.
func dry(t *testing.T, c vault.Codec, g Golden) {
	want := decode(t, c, g, strings.NewReader(g.In), vault.DecodeOptions{})
	got, err := Read(c.Decode(context.Background(), g.Name, strings.NewReader(g.In), vault.DecodeOptions{}))
	if err != nil || len(got.Items) != len(want.Items) || len(got.Refusals) != len(want.Refusals) {
		t.Fatalf("%v, %d items, want %d", err, len(got.Items), len(want.Items))
	}
	for i := range got.Items {
		a, b := got.Items[i].Resource, want.Items[i].Resource
		if !bytes.Equal(a.JSON, b.JSON) || len(a.Cuts) != len(b.Cuts) || a.Text != b.Text {
			t.Errorf("item %d differs", i)
		}
		for j := range a.Cuts {
			if a.Cuts[j] != b.Cuts[j] {
				t.Errorf("cut %d of item %d differs", j, i)
			}
		}
	}
}
