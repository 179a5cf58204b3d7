package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestSpoolIsReadAsOftenAsNeededAndSealed(t *testing.T) {
	dir := t.TempDir()
	text := strings.Repeat(canaryText+" one, two, three. ", 20_000)
	seen := int64(0)
	s, err := newSpool(context.Background(), dir, iotest.HalfReader(strings.NewReader(text)), func(n int64) { seen = n })
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		r, err := s.open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		if err != nil || string(got) != text {
			t.Fatalf("%d bytes of %d: %v", len(got), len(text), err)
		}
		r.Close()
	}
	if seen != int64(len(text)) {
		t.Errorf("%d bytes told of", seen)
	}
	raw := make([]byte, len(text)+len(text)/8)
	n, _ := s.f.ReadAt(raw, 0)
	if n < len(text) || bytes.Contains(raw, []byte(canaryText)) {
		t.Errorf("%d bytes on disk, in the clear", n)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 && runtime.GOOS != "windows" {
		t.Errorf("the spool has the name %s", left[0].Name())
	}
	s.close()
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

func TestSpoolThatFailsLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	broken := iotest.ErrReader(errors.New("the pipe broke"))
	if _, err := newSpool(context.Background(), dir, broken, func(int64) {}); err == nil {
		t.Error("no error")
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errInterrupted)
	if _, err := newSpool(ctx, dir, strings.NewReader("x"), func(int64) {}); !errors.Is(err, errInterrupted) {
		t.Errorf("%v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}
