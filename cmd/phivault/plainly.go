package main

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"

	"phivault/sync/engine"
	"phivault/vault/journal"
)

// spoken is an error in words for people: what is known of its kind first, the details
// after it, devices by their letters.
type spoken struct {
	error
	text string
}

func (s *spoken) Error() string { return s.text }
func (s *spoken) Unwrap() error { return s.error }

// plainly are the kinds of what a remote may give that should not be there.
var plainly = []struct {
	kind  error
	words string
}{
	{journal.ErrForged, "it gave something that no device of this vault may have written"},
	{journal.ErrUnreadable, "it gave something that does not open: damaged, swapped, or not whole yet"},
}

// placed is where an error of the journal speaks of a place in a log.
var placed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`device ([0-9a-f]{8})\b(?:, log 0\b)?`) })

// inLetters puts letters in place of the beginnings of ids; letter gives "" for one that
// it does not know.
func inLetters(text string, letter func(half string) string) string {
	return placed().ReplaceAllStringFunc(text, func(m string) string {
		half := placed().FindStringSubmatch(m)[1]
		if l := letter(half); l != "" {
			return "device " + l
		}
		return m
	})
}

// say puts an error about a remote into words; nil stays nil.
func say(err error, letter func(half string) string) error {
	if err == nil {
		return nil
	}
	text := inLetters(err.Error(), letter)
	for _, k := range plainly {
		if errors.Is(err, k.kind) {
			details := strings.TrimPrefix(strings.TrimPrefix(text, k.kind.Error()), ": ")
			if text = k.words; details != "" {
				text += " (" + details + ")"
			}
			break
		}
	}
	if text == err.Error() {
		return err
	}
	return &spoken{err, text}
}

// byHalf gives the letters by how the ids begin; "" where two begin alike, so that nobody
// is blamed for another.
func byHalf(list []journal.Member) map[string]string {
	letters := map[string]string{}
	for _, m := range list {
		half := m.Device.String()[:8]
		if _, shared := letters[half]; shared {
			letters[half] = ""
		} else {
			letters[half] = m.Letter
		}
	}
	return letters
}

// inPlainWords says what went wrong with each remote as people would.
func (s *session) inPlainWords(ctx context.Context, results map[string]engine.Result) {
	letters := map[string]string{}
	if j, err := s.ReadJournal(ctx); err == nil {
		letters = byHalf(j.Members())
	}
	letter := func(half string) string { return letters[half] }
	for id, res := range results {
		var all []error
		for _, e := range leaves(res.Err) {
			all = append(all, say(e, letter))
		}
		if res.Err = errors.Join(all...); len(all) == 1 {
			res.Err = all[0]
		}
		for i, e := range res.Harmless {
			res.Harmless[i] = say(e, letter)
		}
		results[id] = res
	}
}
