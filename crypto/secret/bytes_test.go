package secret

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

func TestFromBytesMovesAndWipes(t *testing.T) {
	for _, n := range []int{0, 1, slotSize, slotSize + 1, 100_000} {
		source := bytes.Repeat([]byte{0x5a}, n)
		want := bytes.Clone(source)
		s := FromBytes(source)
		if !bytes.Equal(s.Bytes(), want) || s.Len() != n || cap(s.Bytes()) != n {
			t.Errorf("%d bytes: got %d (capacity %d), or others", n, s.Len(), cap(s.Bytes()))
		}
		if !bytes.Equal(source, make([]byte, n)) {
			t.Errorf("%d bytes: the source was not wiped", n)
		}
		s.Destroy()
	}
}

func TestDestroyWipesAndIsIdempotent(t *testing.T) {
	s := Random(32)
	slot := s.s.block.b // a slot is never unmapped, so it can be looked at
	if bytes.Equal(slot, make([]byte, 32)) {
		t.Fatal("Random gave zeros")
	}
	s.Destroy()
	if !bytes.Equal(slot, make([]byte, 32)) {
		t.Error("not wiped")
	}
	s.Destroy()
	if s.Locked() || s.Len() != 32 {
		t.Error("state after Destroy")
	}
	defer func() {
		if recover() == nil {
			t.Error("Bytes after Destroy did not panic")
		}
	}()
	s.Bytes()
}

func TestDestroyedTwiceASlotIsNotGivenOutTwice(t *testing.T) {
	a := New(16)
	a.Destroy()
	a.Destroy()
	b, c := New(16), New(16)
	defer b.Destroy()
	defer c.Destroy()
	b.Bytes()[0] = 1
	if c.Bytes()[0] != 0 {
		t.Error("two secrets share memory")
	}
}

func TestMemoryIsZeroWhenGivenOutAgain(t *testing.T) {
	for _, n := range []int{32, 5000} {
		a := Random(n)
		a.Destroy()
		b := New(n)
		if !bytes.Equal(b.Bytes(), make([]byte, n)) {
			t.Errorf("%d bytes: an old secret shows", n)
		}
		b.Destroy()
	}
}

func TestAbsentSecret(t *testing.T) {
	var s *Bytes
	s.Destroy()
	if s.Len() != 0 || s.Bytes() != nil || s.Locked() || !s.Equal(nil) || !s.Equal(New(0)) || s.Equal(New(1)) {
		t.Error("nil is not an absent secret")
	}
}

func TestEqualAndClone(t *testing.T) {
	a := Random(32)
	b := a.Clone()
	if !a.Equal(b) {
		t.Error("a clone differs")
	}
	b.Bytes()[31] ^= 1
	if a.Equal(b) {
		t.Error("a changed clone is equal, or shares memory")
	}
	if a.Equal(New(31)) {
		t.Error("another length is equal")
	}
}

func TestNeverPrinted(t *testing.T) {
	const canary = "canary-in-the-mine"
	s := FromBytes([]byte(canary))
	holder := struct {
		Key   *Bytes
		Value Bytes
	}{s, *s}
	var out strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%T", "%c", "%08b"} {
		for _, v := range []any{s, *s, holder, &holder, []*Bytes{s}, map[string]*Bytes{"k": s}} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
	}
	fmt.Fprintln(&out, s, *s, s.String(), s.GoString())
	for _, v := range []any{s, *s, holder, map[string]any{"k": s}} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(h).Info("m", "k", s, "v", *s, "h", holder)
	}
	text, _ := s.MarshalText()
	out.Write(text)
	got := strings.ToLower(out.String())
	for _, form := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprint([]byte(canary)[:6])[1:], "canary"} {
		if strings.Contains(got, form) {
			t.Fatalf("printed as %q", form)
		}
	}
	if strings.Count(got, redacted) < 40 {
		t.Errorf("only %d placeholders", strings.Count(got, redacted))
	}
}

func TestManySecretsFromManyGoroutines(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var held []*Bytes
			for i := range 500 {
				s := New(1 + (i*7+g)%slotSize)
				if !bytes.Equal(s.Bytes(), make([]byte, s.Len())) {
					t.Error("memory was not zero")
				}
				for j := range s.Bytes() {
					s.Bytes()[j] = byte(g + 1)
				}
				held = append(held, s)
				if i%3 == 0 {
					held[0].Destroy()
					held = held[1:]
				}
			}
			for _, s := range held {
				if !bytes.Equal(s.Bytes(), bytes.Repeat([]byte{byte(g + 1)}, s.Len())) {
					t.Error("another goroutine's secret")
				}
				s.Destroy()
			}
		})
	}
	wg.Wait()
}

func TestNegativeLengthPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New(-1)
}

func BenchmarkNewDestroy(b *testing.B) {
	for _, n := range []int{32, 1024} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				New(n).Destroy()
			}
		})
	}
}
