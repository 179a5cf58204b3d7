package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// shape is what a JSON object must hold: "string", "int", "bool", another shape,
// or a slice of one of these for an array.
type shape map[string]any

var (
	code   = shape{"system": "string", "code": "string", "display": "string"}
	record = shape{"id": "string", "type": "string", "fhir_id": "string", "source": "string", "patient": "string",
		"patient_name": "string", "date": "string", "title": "string", "code": code, "value": "string", "unit": "string",
		"flag": "string", "version": "int", "conflict": "bool"}
	moved    = shape{"segments": "int", "entries": "int", "objects": "int", "bytes": "int"}
	problems = []any{shape{"kind": "string", "id": "string"}}
	saved    = shape{"id": "string", "version": "int", "result": "string"}
	copied   = shape{"ok": "bool", "path": "string", "vault": "string", "created": "string", "bytes": "int", "records": "int",
		"revisions": "int", "problems": problems, "ms": "int"}
)

// Where a device did not tell when it made something, it is said that it was sent then.
func TestWhenSaysWhetherItWasMadeOrSent(t *testing.T) {
	if got := when("2026", false) + ", " + when("2026", true); got != "made 2026, sent 2026" {
		t.Error(got)
	}
}

// schemas is the table that scripts may rely on.
var schemas = map[string]shape{
	"phivault.import.v1": {"new": "int", "same": "int", "changed": "int", "refused": "int", "records": "int", "ms": "int",
		"refusals": []any{shape{"input": "string", "place": "string", "reason": "string"}}},
	"phivault.record.v1": record,
	"phivault.revision.v1": {"version": "int", "at": "string", "device": "string", "parents": []any{"string"}, "sha256": "string",
		"op": "string", "gone": "bool", "sent": "bool"},
	"phivault.trend.v1": {"code": code, "unit": "string",
		"points": []any{shape{"date": "string", "value": "string", "flag": "string", "id": "string"}}},
	"phivault.status.v1": {"vault": "string", "records": "int", "patients": "int", "profile": "string", "kdf": "string",
		"keyring": "string", "devices": []any{shape{"id": "string"}}, "remotes": []any{}, "stale": []any{shape{"device": "string"}}, "waits": []any{shape{"what": "string"}}, "segments": "int", "stable": "int", "pending": "int", "conflicts": "int", "locked": "bool", "held_deletes": "int"},
	"phivault.verify.v1": {"ok": "bool", "records": "int", "revisions": "int", "segments": "int", "problems": problems, "code": "string"},
	"phivault.audit.v1": {"entry": "int", "at": "string", "device": "string", "session": "string", "action": "string",
		"patient": "string", "count": "int", "first": "string", "last": "string"},
	"phivault.error.v1":         {"code": "string", "exit": "int", "message": "string", "hint": "string"},
	"phivault.export.v1":        {"format": "string", "records": "int", "bytes": "int", "file": "string", "ms": "int"},
	"phivault.note.v1":          {"kind": "string", "message": "string"},
	"phivault.init.v1":          {"vault": "string", "path": "string", "profile": "string", "kdf": "string", "score": "int"},
	"phivault.add.v1":           saved,
	"phivault.edit.v1":          saved,
	"phivault.rm.v1":            saved,
	"phivault.purge.v1":         {"records": "int", "revisions": "int", "attachments": "int", "dry_run": "bool"},
	"phivault.rekey.v1":         {"result": "string", "device": "bool", "epoch": "bool", "unsent": []any{"string"}, "rotate": []any{"string"}},
	"phivault.passwd.v1":        {"result": "string"},
	"phivault.device.rename.v1": {"result": "string"},
	"phivault.backup.v1":        copied,
	"phivault.restore.v1":       copied,
	"phivault.drill.v1":         copied,
	"phivault.doctor.v1":        {"check": "string", "state": "string", "detail": "string", "advice": "string"},
	"phivault.remote.v1":        {"name": "string", "url": "string", "pin": "string", "added": "string", "synced": "string", "pending": "int", "state": "string"},
	"phivault.device.v1": {"id": "string", "this": "bool", "letter": "string", "name": "string", "owner": "bool", "removed": "bool", "seen": "string", "quarantined": "int",
		"log": "int", "of": "string", "was": "string", "next": "string", "ended": "string", "spare": "bool", "fork": "string"},
	"phivault.quarantined.v1": {"revision": "string", "record": "string", "op": "string", "device": "string", "at": "string", "sent": "bool", "type": "string",
		"title": "string", "date": "string", "adopted": "bool"},
	"phivault.adopt.v1": {"adopted": "int"},
	"phivault.conflict.v1": {"id": "string", "type": "string", "title": "string", "date": "string", "patient": "string", "patient_name": "string",
		"versions": []any{shape{"version": "int", "op": "string", "at": "string", "device": "string", "sha256": "string", "shown": "bool"}}},
	"phivault.conflicts.resolve.v1": {"id": "string", "version": "int", "result": "string", "kept": shape{"version": "int", "revision": "string", "device": "string", "letter": "string"}},
	"phivault.spare.v1":             {"device": "string", "letter": "string", "path": "string", "carried": "bool"},
	"phivault.device.replace.v1":    {"result": "string"},
	"phivault.join.v1":              {"vault": "string", "path": "string", "device": "string", "records": "int", "whole": "bool"},
	"phivault.sync.v1": {"remote": "string", "code": "string", "pushed": moved, "pulled": moved, "conflicts": "int", "requests": "int",
		"stale": []any{shape{"device": "string", "name": "string", "since": "string"}}, "waiting": "int", "waits": []any{shape{"what": "string", "since": "string"}}, "dry_run": "bool", "more": "bool", "ms": "int"},
	"phivault.leaks.v1": {"remote": "string", "kind": "string", "listed": "bool", "space": "string", "objects": "int", "bytes": "int",
		"sizes": []any{shape{"bytes": "int", "objects": "int"}}, "logs": []any{shape{"segments": "int", "bytes": "int", "first": "string", "last": "string"}},
		"beside": "int", "other": "int", "credential": "string", "synced": "string", "learns": []any{"string"}, "never": []any{"string"}},
	"phivault.version.v1": {"version": "string", "commit": "string", "go": "string", "os": "string", "arch": "string", "fips140": "string"},
}

// hit is what search adds to a record.
var hit = shape{"snippet": "string", "rank": "int"}

// check reports how v differs from what want asks for.
func check(at string, v, want any) error {
	switch w := want.(type) {
	case string:
		ok := false
		switch x := v.(type) {
		case string:
			ok = w == "string"
		case bool:
			ok = w == "bool"
		case json.Number:
			_, err := x.Int64()
			ok = w == "int" && err == nil
		}
		if !ok {
			return fmt.Errorf("%s: %T is no %s", at, v, w)
		}
	case shape:
		o, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %T is no object", at, v)
		}
		for name, inner := range w {
			field, there := o[name]
			if !there {
				return fmt.Errorf("%s: no field %s", at, name)
			}
			if err := check(at+"."+name, field, inner); err != nil {
				return err
			}
		}
	case []any:
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%s: %T is no array", at, v)
		}
		for i, x := range list {
			if len(w) == 0 {
				break
			}
			if err := check(fmt.Sprintf("%s[%d]", at, i), x, w[0]); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkLine checks one line of output against the schema it must have.
func checkLine(line []byte, schema string, more ...shape) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var o map[string]any
	if err := d.Decode(&o); err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte(`{"schema":"`+schema+`"`)) {
		return fmt.Errorf("does not begin with the schema %s", schema)
	}
	want, ok := schemas[schema]
	if !ok {
		return fmt.Errorf("no schema %s", schema)
	}
	for _, w := range append(more, want) {
		if err := check(schema, o, w); err != nil {
			return err
		}
	}
	return nil
}

// schema NAME [stdout|stderr|hits] checks every line of the last output; there
// must be one.
func schemaScript(ts *testscript.TestScript, _ bool, args []string) {
	from, more := "stdout", []shape(nil)
	if len(args) > 1 {
		switch args[1] {
		case "stderr":
			from = "stderr"
		case "hits":
			more = append(more, hit)
		}
	}
	text := strings.TrimSuffix(ts.ReadFile(from), "\n")
	if text == "" {
		ts.Fatalf("no output")
	}
	for _, line := range strings.Split(text, "\n") {
		if err := checkLine([]byte(line), args[0], more...); err != nil {
			ts.Fatalf("%v\n%s", err, line)
		}
	}
}

func TestSchemaCheckFindsFaults(t *testing.T) {
	good := `{"schema":"phivault.error.v1","code":"x","exit":1,"message":"m","hint":""}`
	if err := checkLine([]byte(good), "phivault.error.v1"); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		`{"schema":"phivault.error.v1","code":"x","exit":1,"message":"m"}`,
		`{"schema":"phivault.error.v1","code":"x","exit":"1","message":"m","hint":""}`,
		`{"schema":"phivault.error.v1","code":"x","exit":1.5,"message":"m","hint":""}`,
		`{"code":"x","schema":"phivault.error.v1","exit":1,"message":"m","hint":""}`,
		`{"schema":"phivault.record.v1"}`,
		`not JSON`,
	} {
		if checkLine([]byte(bad), "phivault.error.v1") == nil {
			t.Errorf("%s passes", bad)
		}
	}
}
