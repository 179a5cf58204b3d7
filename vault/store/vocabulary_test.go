package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/synth"
)

// beginnings are searched for, and what they find.
func beginnings(t testing.TB, s *Store) (found []string) {
	t.Helper()
	for _, p := range append(synth.Prefixes(), "mrn", "zqa", "pat", "aaa", "120", "ελλ") {
		for _, q := range []vault.Query{{Text: p + "*"}, {Text: p + "*", Sort: vault.Oldest}, {Text: p + "* the*"}, {Text: p + "*", Type: "Observation"}} {
			for r, err := range s.Find(ctx, q) {
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, fmt.Sprint(q.Text, q.Sort, q.Type, r.ID))
			}
		}
	}
	return found
}

// Looking a beginning up in the vocabulary finds what FTS5's own prefixes find, in
// the same order: after imports, after opening again, after a rebuild.
func TestABeginningFindsWhatFTS5Finds(t *testing.T) {
	s := newStore(t)
	load(t, s, 6, 900)
	addJSON(t, s, strings.Replace(weight, `"w1"`, `"greek","note":[{"text":"ελληνικά"}]`, 1))
	got := beginnings(t, s)
	if len(got) < 500 {
		t.Fatalf("%d hits", len(got))
	}
	if !slices.ContainsFunc(got, func(h string) bool { return strings.HasPrefix(h, "ελλ") }) {
		t.Error("a Greek word is not found by its beginning")
	}
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if again := beginnings(t, s); !slices.Equal(got, again) {
		t.Errorf("%d hits, %d after a rebuild", len(got), len(again))
	}
	do(t, s, "DELETE FROM vocabulary") // nothing found there: left to FTS5
	if plain := beginnings(t, s); !slices.Equal(got, plain) {
		t.Errorf("%d hits, %d by FTS5 alone", len(got), len(plain))
	}
}

// What was rolled back is not taken for known.
func TestWordsOfARefusedBatchAreNotTakenForKnown(t *testing.T) {
	s := newStore(t)
	addJSON(t, s, ann)
	doc := strings.Replace(weight, `"w1"`, `"w7","note":[{"text":"quixotic"}]`, 1)
	bad := put(t, s, doc)
	none := int64(77)
	late := put(t, s, strings.Replace(doc, "w7", "w8", 1))
	late.Base = &none
	if _, err := s.Append(ctx, vault.Batch{Puts: []*vault.Put{bad, late}}); err == nil {
		t.Fatal("a batch that must fail did not")
	}
	addJSON(t, s, doc)
	expect(t, find(t, s, vault.Query{Text: "quix*"}), "Observation/w7")
	if n, err := count(ctx, s.w, "SELECT count(*) FROM vocabulary WHERE word='quixotic'"); err != nil || n != 1 {
		t.Errorf("%d in the vocabulary: %v", n, err)
	}
}

func TestABeginningOfTooManyWordsIsLeftToFTS5(t *testing.T) {
	s := newStore(t)
	var text []string
	for i := range maxStandsFor + 5 {
		text = append(text, fmt.Sprintf("many%dx", i))
	}
	addJSON(t, s, strings.Replace(weight, `"w1"`, `"w9","note":[{"text":"`+strings.Join(text, " ")+`"}]`, 1))
	if all, err := standsFor(ctx, s.w, "many"); err != nil || all != nil {
		t.Errorf("%d words: %v", len(all), err)
	}
	if all, err := standsFor(ctx, s.w, "many1"); err != nil || len(all) < 2 {
		t.Errorf("%d words: %v", len(all), err)
	}
	expect(t, find(t, s, vault.Query{Text: "many*"}), "Observation/w9")
	expect(t, find(t, s, vault.Query{Text: "many1*"}), "Observation/w9")
}
