package store

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"phivault/vault"
)

// What several records said in numbers alone goes with them: from the phrases that
// their rows shared, and from the index. Seen to fail when only words of letters
// were a reason to look.
func TestPurgedNumbersAreNowhereInTheFile(t *testing.T) {
	for _, records := range [][]string{{"1"}, {"1", "2", "3"}} {
		s := newPlain(t)
		addJSON(t, s, ann)
		var ids []vault.RecordID
		for _, n := range records {
			addJSON(t, s, `{"resourceType":"Basic","id":"`+n+`","code":{"text":"19700131-4711-0815-2342"}}`)
			ids = append(ids, vault.RecordIDOf("a", "Basic", n))
		}
		purge(t, s, ids...)
		clean(t, s)
		for range 2 {
			if err := s.Checkpoint(ctx); err != nil {
				t.Fatal(err)
			}
			file, err := os.ReadFile(s.path)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range []string{"19700131", "4711", "0815", "2342"} {
				if bytes.Contains(file, []byte(w)) {
					t.Errorf("of %d records %q is in the file", len(records), w)
				}
			}
			if err := s.Rebuild(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A rebuild keeps no phrase that no row refers to. Seen to fail when it left them.
func TestARebuildKeepsOnlyPhrasesInUse(t *testing.T) {
	s := newPlain(t)
	said := `{"resourceType":"Condition","id":"%","subject":{"reference":"Patient/p1"},"code":{"text":"Quokkafever severe"}}`
	addJSON(t, s, ann, strings.Replace(said, "%", "1", 1), strings.Replace(said, "%", "2", 1), strings.Replace(said, "%", "3", 1))
	if err := whileAlone(s, func(w *conn) error { return w.run("INSERT INTO phrase(data) VALUES(?)", []byte("Numbatpox")) }); err != nil {
		t.Fatal(err)
	}
	if err := s.Rebuild(ctx, nil); err != nil {
		t.Fatal(err)
	}
	rowsAgree(t, s, vault.Query{})
	clean(t, s)
	for text, want := range map[string]bool{"Quokkafever severe": true, "Numbatpox": false} {
		n, err := count(ctx, s.w, "SELECT count(*) FROM phrase WHERE instr(data,CAST('"+text+"' AS BLOB))>0")
		if err != nil || n > 0 != want {
			t.Errorf("%s: %d phrases, %v", text, n, err)
		}
	}
}
