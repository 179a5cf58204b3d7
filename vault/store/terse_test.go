package store

import (
	"io/fs"
	"strings"
	"testing"
)

func TestTerse(t *testing.T) {
	for sql, want := range map[string]string{
		"a  --b\n\tc": "a c", "-- x\na -- y": "a", "'a -- b'  '  '": "'a -- b' '  '", `"it's"  --'` + "\n b": `"it's" b`,
		"'it''s  --'  x": "'it''s  --' x", "a-b - -c": "a-b - -c", "a--b\nc": "a c", "'open  --": "'open  --", "": "", "  ": "",
	} {
		if got := terse(sql); got != want {
			t.Errorf("%q becomes %q, not %q", sql, got, want)
		}
	}
}

// A new vault's tables and indexes are those of the migrations as they are written, and
// what is read at each opening holds no comment.
func TestANewVaultKeepsNoCommentsOfItsSchema(t *testing.T) {
	schema := func(s *Store) (rows []string) {
		err := rowsAlone(s, func(scan func(...any) error) error {
			var name string
			var sql *string
			err := scan(&name, &sql)
			if sql != nil {
				name += " " + *sql
			}
			rows = append(rows, name)
			return err
		}, "SELECT type||' '||name||' '||tbl_name,sql FROM sqlite_schema WHERE name<>'meta' ORDER BY type,name")
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	s := newPlain(t)
	got := schema(s)
	all := "DROP TABLE meta;"
	for _, r := range got {
		if f := strings.Fields(r); f[0] == "table" && (f[1] == "fts" || !strings.HasPrefix(f[1], "fts_")) {
			all += "DROP TABLE " + f[1] + ";"
		}
	}
	do(t, s, all, "CREATE TABLE meta(key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID")
	names, err := fs.Glob(schemaFiles, "schema/*.sql")
	if err != nil || len(names) != newestSchema {
		t.Fatal(len(names), err)
	}
	for i, name := range names {
		sql, err := schemaFiles.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.step(ctx, i+1, string(sql)); err != nil {
			t.Fatal(err)
		}
	}
	written := schema(s)
	if len(got) != len(written) || len(got) < 30 {
		t.Fatalf("%d objects, and %d as written", len(got), len(written))
	}
	long := 0
	for i, w := range written {
		// What a migration adds to a table stands behind a comment's line.
		if strings.ReplaceAll(terse(w), " )", ")") != strings.ReplaceAll(got[i], " )", ")") {
			t.Errorf("%s\nis not\n%s", got[i], w)
		}
		if strings.Contains(got[i], "--") || strings.ContainsAny(got[i], "\n\t") {
			t.Errorf("a comment is kept: %s", got[i])
		}
		long += len(w) - len(got[i])
	}
	if long < 1000 {
		t.Errorf("%d bytes less", long)
	}
}
