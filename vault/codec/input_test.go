package codec_test

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/codectest"
	"phivault/vault/codec/fhirjson"
)

var codecs = []vault.Codec{fhirjson.NDJSON(), fhirjson.JSON()}

func patient(id string) string { return `{"resourceType":"Patient","id":"` + id + `"}` }

func write(t *testing.T, path string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// items reads an input twice and writes down what it gave, names relative to dir.
func items(t *testing.T, in vault.Input, dir string, l vault.Limits) string {
	t.Helper()
	var before string
	for round := range 2 {
		got, err := codectest.Read(in.Items(context.Background(), vault.DecodeOptions{Limits: l}))
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, it := range got.Items {
			fmt.Fprintf(&b, "%s %s\n", it.Input, it.Resource.ID)
		}
		for _, r := range got.Refusals {
			fmt.Fprintf(&b, "refused %s\n", r)
		}
		if got.Err != nil {
			fmt.Fprintf(&b, "error %v\n", got.Err)
		}
		if round == 1 && b.String() != before {
			t.Errorf("the second reading gave something else:\n%s", b.String())
		}
		before = b.String()
	}
	s := strings.ReplaceAll(before, dir+string(filepath.Separator), "")
	return strings.ReplaceAll(s, string(filepath.Separator), "/")
}

func check(t *testing.T, got, want string) {
	t.Helper()
	if got != strings.TrimLeft(want, "\n") {
		t.Errorf("got\n%swant%s", got, want)
	}
}

func open(t *testing.T, path string) vault.Input {
	t.Helper()
	in, err := codec.Open(path, codecs)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func gz(parts ...string) []byte {
	var b bytes.Buffer
	for _, p := range parts {
		w := gzip.NewWriter(&b)
		w.Write([]byte(p))
		w.Close()
	}
	return b.Bytes()
}

type file struct{ name, data string }

func zipped(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, f := range files {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFolderIsReadInOrderAndWhatCannotBeReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "b.json"), []byte(patient("b")))
	write(t, filepath.Join(dir, "a", "z.ndjson"), []byte(patient("z1")+"\n"+patient("z2")))
	write(t, filepath.Join(dir, "a", ".hidden.json"), []byte(patient("hidden")))
	write(t, filepath.Join(dir, ".git", "x.json"), []byte(patient("hidden")))
	write(t, filepath.Join(dir, "c.xml"), []byte(`<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"/>`))
	write(t, filepath.Join(dir, "d.txt"), []byte("what is this"))
	write(t, filepath.Join(dir, "e.hl7"), []byte("MSH|^~\\&|"))
	write(t, filepath.Join(dir, "f.json"), nil)
	write(t, filepath.Join(dir, "g.json.gz"), gz(patient("g")))
	write(t, filepath.Join(dir, "h.zip"), zipped(t, zip.Deflate, file{"in/h.json", patient("h")}, file{"i.ndjson.gz", string(gz(patient("i")))}))
	check(t, items(t, open(t, dir), dir, vault.Limits{}), `
a/z.ndjson z1
a/z.ndjson z2
b.json b
g.json.gz g
h.zip/in/h.json h
h.zip/i.ndjson.gz i
refused c.xml: FHIR XML is not supported yet; ask its origin for FHIR JSON
refused d.txt: its format is not recognised
refused e.hl7: HL7 v2 messages are not supported yet; ask its origin for FHIR JSON
refused f.json: it is empty
`)
}

func TestLinksNeverLeadOut(t *testing.T) {
	outer := t.TempDir()
	dir := filepath.Join(outer, "in")
	write(t, filepath.Join(outer, "secret.json"), []byte(patient("secret")))
	write(t, filepath.Join(dir, "a.json"), []byte(patient("a")))
	for name, to := range map[string]string{"inside.json": "a.json", "outside.json": filepath.Join("..", "secret.json"),
		"absolute.json": filepath.Join(outer, "secret.json"), "loop": ".", "nowhere.json": "missing"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no links here: ", err)
		}
	}
	check(t, items(t, open(t, dir), dir, vault.Limits{}), `
a.json a
inside.json a
refused absolute.json: it is a link that leads out of the folder or nowhere
refused loop: it is a link to a folder, and those are not followed
refused nowhere.json: it is a link that leads out of the folder or nowhere
refused outside.json: it is a link that leads out of the folder or nowhere
`)
}

func TestAFileThatMayNotBeReadIsRefusedAndTheRestGoesOn(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.json"), []byte(patient("a")))
	write(t, filepath.Join(dir, "b.json"), []byte(patient("b")))
	if err := os.Chmod(filepath.Join(dir, "a.json"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(filepath.Join(dir, "a.json")); runtime.GOOS == "windows" || err == nil {
		t.Skip("permissions do not bind here")
	}
	check(t, items(t, open(t, dir), dir, vault.Limits{}), "\nb.json b\nrefused a.json: it may not be read\n")
}

func TestTooManyFilesAreLeftOut(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"a", "b", "c", "d"} {
		write(t, filepath.Join(dir, n), []byte(patient(n)))
	}
	check(t, items(t, open(t, dir), dir, vault.Limits{Entries: 2}),
		"\na a\nb b\nrefused c: there are too many files; this one and those after it are left out\n")
	z := write(t, filepath.Join(dir, "z.zip"), zipped(t, zip.Store, file{"a", patient("a")}, file{"b", patient("b")}, file{"c", patient("c")}))
	check(t, items(t, open(t, z), dir, vault.Limits{Entries: 1}),
		"\nz.zip/a a\nrefused z.zip: file 2: there are too many files; this one and those after it are left out\n")
}

func TestAnEmptyFolderAndAnEmptyZipSaySo(t *testing.T) {
	dir := t.TempDir()
	got, err := codectest.Read(open(t, dir).Items(context.Background(), vault.DecodeOptions{}))
	if err != nil || len(got.Refusals) != 1 {
		t.Errorf("%v, %v", err, got.Refusals)
	}
	z := write(t, filepath.Join(dir, "z.zip"), zipped(t, zip.Store))
	check(t, items(t, open(t, z), dir, vault.Limits{}), "\nrefused z.zip: there is no file in it\n")
}

func TestAMissingPathAndAPipeAreErrors(t *testing.T) {
	if _, err := codec.Open(filepath.Join(t.TempDir(), "x"), codecs); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if _, err := codec.Open(os.DevNull, codecs); !errors.Is(err, vault.ErrUsage) {
		t.Errorf("got %v", err)
	}
}

func TestAFormatAskedForByNameIsTheOnlyOne(t *testing.T) {
	dir := t.TempDir()
	p := write(t, filepath.Join(dir, "x"), []byte("<a>\n"+patient("1")))
	only, err := codec.Only(codecs, "ndjson")
	if err != nil {
		t.Fatal(err)
	}
	in, err := codec.Open(p, only)
	if err != nil {
		t.Fatal(err)
	}
	check(t, items(t, in, dir, vault.Limits{}), "\nx 1\nrefused x: line 1, column 1: it is not a JSON object\n")
	if _, err := codec.Only(codecs, "docx"); !errors.Is(err, vault.ErrUsage) || !strings.Contains(err.Error(), "ndjson, bundle") {
		t.Errorf("got %v", err)
	}
}

func TestAStreamBeginsAnewAndMayBeAZip(t *testing.T) {
	for _, data := range [][]byte{[]byte(patient("1")), gz(patient("1")), zipped(t, zip.Deflate, file{"a", patient("1")})} {
		in := codec.Stream("-", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewBuffer(data)), nil }, codecs)
		if got := items(t, in, "", vault.Limits{}); !strings.HasSuffix(got, " 1\n") {
			t.Errorf("got %s", got)
		}
	}
	broken := codec.Stream("-", func() (io.ReadCloser, error) { return nil, vault.ErrIntegrity }, codecs)
	check(t, items(t, broken, "", vault.Limits{}), "\nerror integrity check failed\n")
}

func TestStoppingEndsTheReading(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.json"), []byte("x"))
	write(t, filepath.Join(dir, "b.zip"), zipped(t, zip.Deflate, file{"a", patient("1") + "\n" + patient("2")}, file{"b", patient("3")}))
	in := open(t, dir)
	for stop := range 5 {
		n := 0
		for range in.Items(context.Background(), vault.DecodeOptions{}) {
			if n++; n > stop {
				break
			}
		}
		if want := min(stop+1, 4); n != want {
			t.Errorf("%d given, want %d", n, want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got, err := codectest.Read(in.Items(ctx, vault.DecodeOptions{}))
	if err != nil || !errors.Is(got.Err, context.Canceled) || len(got.Items)+len(got.Refusals) > 0 {
		t.Errorf("%v, %+v", err, got)
	}
}
