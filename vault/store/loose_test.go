package store

import (
	"path/filepath"
	"strings"
	"testing"
)

// What a killed process left of an attachment goes at the next opening, also of a
// vault whose schema did not have the index that tells of it.
func TestWhatNoRecordCitesGoesAtOpening(t *testing.T) {
	for _, older := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "vault.db")
		s, err := Create(ctx, path, testOptions())
		if err != nil {
			t.Fatal(err)
		}
		addJSON(t, s, ann)
		do(t, s, "INSERT INTO blob(blob,sha256,size,entry) VALUES(7,NULL,5,NULL),(8,x'08',5,1)", "INSERT INTO chunk(chunk,data) VALUES(7<<24,x'0001'),(8<<24,x'0002')")
		if older {
			do(t, s, "DROP INDEX blob_loose", "DROP INDEX record_odd", "CREATE INDEX record_doc ON record(doc)",
				"CREATE INDEX record_type ON record(type, doc)", "ALTER TABLE record DROP COLUMN sum", "ALTER TABLE subject DROP COLUMN patient", "UPDATE meta SET value=8 WHERE key='schema'")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if s, err = Open(ctx, path, testOptions()); err != nil {
			t.Fatal(err)
		}
		left := ask(t, s, "SELECT group_concat(blob)||' '||(SELECT group_concat(chunk>>24) FROM chunk) FROM blob")
		if left != "8 8" {
			t.Errorf("older is %v: what is left is %q", older, left)
		}
		if plan := strings.Join(planOf(t, s, looseBlobs), "\n"); !strings.Contains(plan, "USING INDEX blob_loose") {
			t.Errorf("it is looked for by %q", plan)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
