package remote_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"phivault/sync/remote"
)

func TestASourceGivesWhatWasAnnouncedOrFailsBeforeItsEnd(t *testing.T) {
	boom := errors.New("boom")
	cases := []struct {
		name string
		r    io.Reader
		want error
	}{
		{"exact", strings.NewReader("0123456789"), nil},
		{"in single bytes", iotest.OneByteReader(strings.NewReader("0123456789")), nil},
		{"end with the data", iotest.DataErrReader(strings.NewReader("0123456789")), nil},
		{"short", strings.NewReader("012345678"), remote.ErrSize},
		{"long", strings.NewReader("0123456789a"), remote.ErrSize},
		{"long, in single bytes", iotest.OneByteReader(strings.NewReader("0123456789a")), remote.ErrSize},
		{"failing", io.MultiReader(strings.NewReader("0123"), iotest.ErrReader(boom)), boom},
		{"failing at the end", io.MultiReader(strings.NewReader("0123456789"), iotest.ErrReader(boom)), boom},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := io.ReadAll(remote.NewSource(c.r, 10))
			if c.want == nil {
				if err != nil || string(got) != "0123456789" {
					t.Fatalf("%q, %v", got, err)
				}
				return
			}
			if len(got) >= 10 {
				t.Errorf("a store has all %d bytes in spite of the error", len(got))
			}
			if err := remote.Failed(context.Background(), "put", remote.Name{}, err); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestABodyGivesWhatWasAnnouncedOrAFault(t *testing.T) {
	for text, want := range map[string]bool{"0123456789": true, "012345678": false, "0123456789a": false} {
		b := remote.Body(context.Background(), remote.Name{}, io.NopCloser(strings.NewReader(text)), 10)
		got, err := io.ReadAll(b)
		if want != (err == nil) || len(got) > 10 {
			t.Errorf("%q for 10 bytes: %q, %v", text, got, err)
		}
		if err != nil && !remote.Retryable(err) {
			t.Errorf("%v is final, and a connection that broke is not", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := io.ReadAll(remote.Body(ctx, remote.Name{}, io.NopCloser(strings.NewReader("0123456789")), 10))
	if !errors.Is(err, context.Canceled) || remote.Retryable(err) {
		t.Errorf("a cancelled body: %v", err)
	}
}

func TestFaultsNameTheKindAndQuoteNothing(t *testing.T) {
	n := remote.Join.Name(id(1))
	foreign := errors.New("Get \"https://user:hunter2@host/\": \x1b]52;c;aGk=\x07 secret-key")
	err := remote.Failed(context.Background(), "get", n, foreign)
	if !errors.Is(err, remote.ErrUnavailable) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
	if got := remote.Clean("a\x1b[31m\u202eb\u0085\u200bc\xff\n"); got != "a[31mbc" {
		t.Errorf("Clean gave %q", got)
	}
	if got := remote.Clean(strings.Repeat("é", 500)); len(got) > 120 {
		t.Errorf("Clean gave %d bytes", len(got))
	}
	for _, c := range []struct {
		n    remote.Name
		size int64
		want error
	}{{remote.Name{}, 1, remote.ErrName}, {n, 0, remote.ErrSize}, {n, -1, remote.ErrSize}, {n, remote.MaxObject + 1, remote.ErrTooLarge}, {n, remote.MaxObject, nil}} {
		if err := remote.CheckPut(c.n, c.size); !errors.Is(err, c.want) {
			t.Errorf("CheckPut(%d): %v", c.size, err)
		}
	}
}

func TestAPinIsReadAsItWasWritten(t *testing.T) {
	p := remote.Pin(id(5))
	if got, err := remote.ParsePin(p.String()); err != nil || got != p {
		t.Errorf("%v, %v", got, err)
	}
	for _, s := range []string{"", "x", p.String() + "=", p.String()[:42], "/" + p.String()[1:], p.String() + "\n"} {
		if _, err := remote.ParsePin(s); err == nil {
			t.Errorf("%q became a pin", s)
		}
	}
}
