package codec_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"phivault/vault"
	"phivault/vault/codec"
	"phivault/vault/codec/codectest"
)

func TestGzip(t *testing.T) {
	lines := patient("1") + "\n" + patient("2") + "\n"
	whole := gz(lines)
	badSum := bytes.Clone(whole)
	badSum[len(badSum)-8] ^= 1
	for _, tt := range []struct {
		name string
		data []byte
		want string
	}{
		{"of two members", gz(lines, patient("3")), "f 1\nf 2\nf 3\n"},
		{"cut short", whole[:len(whole)-6], "f 1\nf 2\nrefused f: byte 72: the packed data ends in the middle\n"},
		{"with a wrong checksum", badSum, "f 1\nf 2\nrefused f: byte 72: the checksum of the packed data is wrong\n"},
		{"with garbage behind", append(bytes.Clone(whole), "garbage, garbage"...), "f 1\nf 2\nrefused f: byte 72: something follows after the packed data\n"},
		{"damaged at once", []byte("\x1f\x8b nonsense"), "refused f: the packed data is damaged\n"},
		{"within a gzip", gz(string(whole)), "f 1\nf 2\n"},
		{"within a gzip within a gzip", gz(string(gz(string(whole)))), "refused f: archives stand too deep within each other\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			check(t, items(t, open(t, write(t, filepath.Join(dir, "f"), tt.data)), dir, vault.Limits{}), "\n"+tt.want)
		})
	}
}

func TestZipsWithinZips(t *testing.T) {
	dir := t.TempDir()
	inner := zipped(t, zip.Deflate, file{"x.json", patient("x")}, file{"y.json", patient("y")})
	deep := zipped(t, zip.Deflate, file{"inner.zip", string(inner)})
	for _, method := range []uint16{zip.Store, zip.Deflate} {
		z := write(t, filepath.Join(dir, "z.zip"), zipped(t, method, file{"inner.zip", string(inner)}, file{"deep.zip", string(deep)}, file{"a", patient("a")}))
		check(t, items(t, open(t, z), dir, vault.Limits{}), `
z.zip/inner.zip/x.json x
z.zip/inner.zip/y.json y
z.zip/a a
refused z.zip/deep.zip/inner.zip: archives stand too deep within each other
`)
	}
}

func TestHostileZips(t *testing.T) {
	dir := t.TempDir()
	z := zipped(t, zip.Deflate, file{"../up.json", patient("up")}, file{"/root.json", patient("root")}, file{`a\b.json`, patient("back")},
		file{"c:x.json", patient("drive")}, file{"a//b.json", patient("twice")}, file{"bell\a.json", patient("bell")},
		file{"same", patient("first")}, file{"same", patient("second")}, file{"__MACOSX/._same", "x"}, file{"M\x81ller.json", patient("m")},
		file{"enc", patient("enc")}, file{"odd", patient("odd")}, file{"sum", patient("sum")}, file{"last", patient("last")})
	patch(t, z, "enc", func(local, dir []byte) { local[6] |= 1; dir[8] |= 1 })
	patch(t, z, "odd", func(local, dir []byte) { local[8], dir[10] = 12, 12 })
	patch(t, z, "sum", func(local, dir []byte) { dir[16] ^= 1 })
	check(t, items(t, open(t, write(t, filepath.Join(dir, "z.zip"), z)), dir, vault.Limits{}), `
z.zip/same first
z.zip/Müller.json m
z.zip/sum sum
z.zip/last last
refused z.zip: file 1: its name leads out of the archive
refused z.zip: file 2: its name leads out of the archive
refused z.zip: file 3: its name leads out of the archive
refused z.zip: file 4: its name leads out of the archive
refused z.zip: file 5: its name leads out of the archive
refused z.zip: file 6: its name has control characters
refused z.zip: file 8: a file of the same name came before
refused z.zip: file 11: it is encrypted; unpack the zip with its passphrase first
refused z.zip: file 12: it is packed in a way that is not supported (only deflate is)
refused z.zip/sum: byte 37: its checksum in the zip is wrong
`)
	check(t, items(t, open(t, write(t, filepath.Join(dir, "cut.zip"), z[:len(z)-30])), dir, vault.Limits{}), "\nrefused cut.zip: the zip is damaged or cut short\n")
}

// patch changes the two headers of a file in a zip.
func patch(t *testing.T, z []byte, name string, change func(local, directory []byte)) {
	t.Helper()
	var at []int
	for i := 0; ; {
		n := bytes.Index(z[i:], []byte(name))
		if n < 0 {
			break
		}
		at, i = append(at, i+n), i+n+1
	}
	var local, directory []byte
	for _, i := range at {
		if i >= 30 && binary.LittleEndian.Uint32(z[i-30:]) == 0x04034b50 {
			local = z[i-30:]
		}
		if i >= 46 && binary.LittleEndian.Uint32(z[i-46:]) == 0x02014b50 {
			directory = z[i-46:]
		}
	}
	if local == nil || directory == nil {
		t.Fatalf("no headers for %s", name)
	}
	change(local, directory)
}

func TestBombsAreStopped(t *testing.T) {
	dir := t.TempDir()
	bomb := patient("1") + "\n" + strings.Repeat(" ", 40<<20) + patient("never")
	z := write(t, filepath.Join(dir, "z.zip"), zipped(t, zip.Deflate, file{"bomb", bomb}, file{"b", patient("b")}))
	got := items(t, open(t, z), dir, vault.Limits{})
	if strings.Contains(got, "never") || !strings.Contains(got, "refused z.zip/bomb: byte ") || !strings.Contains(got, "it unpacks to more than 400 times its size") {
		t.Errorf("got\n%s", got)
	}
	g := write(t, filepath.Join(dir, "g.gz"), gz(bomb))
	got = items(t, open(t, g), dir, vault.Limits{})
	if strings.Contains(got, "never") || !strings.Contains(got, "refused g.gz: byte ") {
		t.Errorf("got\n%s", got)
	}
	got = items(t, open(t, z), dir, vault.Limits{Ratio: 1 << 40, Expanded: 1 << 20})
	if strings.Contains(got, "never") || !strings.Contains(got, "the limit of 1048576 unpacked bytes is reached") ||
		!strings.Contains(got, "refused z.zip: file 2: a limit was reached") {
		t.Errorf("got\n%s", got)
	}
	got = items(t, open(t, z), dir, vault.Limits{Ratio: 1 << 40})
	if !strings.Contains(got, "z.zip/bomb never") {
		t.Errorf("got\n%s", got)
	}
}

func TestOfficeDocumentsAreNotTakenApart(t *testing.T) {
	dir := t.TempDir()
	z := write(t, filepath.Join(dir, "letter.docx"), zipped(t, zip.Deflate, file{"[Content_Types].xml", "<Types/>"}, file{"word/media/image1.json", patient("1")}))
	check(t, items(t, open(t, z), dir, vault.Limits{}), "\nrefused letter.docx: documents of office programs and books are not supported yet; save it as PDF\n")
}

func FuzzArchive(f *testing.F) {
	f.Add(zipped(f, zip.Deflate, file{"a.json", patient("1")}, file{"b.zip", string(zipped(f, zip.Store, file{"c", patient("2")}))}))
	f.Add(gz(patient("1")+"\n", patient("2")))
	f.Add(gz(string(gz(patient("1")))))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := codec.Stream("f", func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }, codecs)
		got, err := codectest.Read(in.Items(t.Context(), vault.DecodeOptions{Limits: vault.Limits{Expanded: 64 << 20}}))
		if err != nil || got.Err != nil {
			t.Fatal(err, got.Err)
		}
		for _, r := range got.Refusals {
			if !strings.HasPrefix(r.Input, "f") {
				t.Fatalf("a refusal names another input: %q", r.Input)
			}
		}
	})
}
