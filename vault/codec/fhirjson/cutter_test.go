package fhirjson

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// However the text arrives, it is taken if and only if it would be written the
// same again.
func TestTheCutterTakesWhatComesBackTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := base64.StdEncoding.EncodeToString(rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "data"))
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = text[:at] + rapid.SampledFrom([]string{"=", "==", "A", "AA==", "QQ==", "QUI=", "\n", "\r\n", "B"}).Draw(t, "with") + text[at:]
		}
		data, err := base64.StdEncoding.DecodeString(text)
		want := err == nil && base64.StdEncoding.EncodeToString(data) == text

		err = nil
		c := &cutter{o: &cutOptions{ctx: context.Background(), max: 1 << 20}}
		for rest := text; rest != "" && err == nil; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "piece")
			err, rest = c.feed([]byte(rest[:n])), rest[n:]
			if err != nil && !errors.Is(err, errNotBase64) {
				t.Fatal(err)
			}
		}
		ok := err == nil
		if ok {
			cut, err := c.commit()
			ok = err == nil
			if ok && cut.Size != int64(len(data)) {
				t.Fatalf("%d bytes, want %d", cut.Size, len(data))
			}
		}
		if ok != want {
			t.Fatalf("%q taken: %v, want %v", strings.ToValidUTF8(text, ""), ok, want)
		}
	})
}

func TestPaddingEndsWhereverTheTextIsSplit(t *testing.T) {
	const text = "QUJDQQ==QUJDQUJD"
	for i := range len(text) {
		for j := i; j <= len(text); j++ {
			c := &cutter{o: &cutOptions{ctx: context.Background(), max: 1 << 20}}
			err := errors.Join(c.feed([]byte(text[:i])), c.feed([]byte(text[i:j])), c.feed([]byte(text[j:])))
			if err == nil {
				if _, err = c.commit(); err == nil {
					t.Fatalf("split at %d and %d it is taken", i, j)
				}
			}
		}
	}
}
