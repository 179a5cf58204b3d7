package codec

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
	"golang.org/x/text/encoding/charmap"

	"phivault/vault"
)

var (
	zipMagic = []byte("PK\x03\x04")
	emptyZip = []byte("PK\x05\x06")
)

// zip reads the files of a zip in the order of its directory.
func (w *walk) zip(p part, r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		var ref *vault.Refusal
		if errors.As(err, &ref) {
			return w.refuse(ref.Input, ref.Place, ref.Reason)
		}
		return w.refuse(p.name, "", "the zip is damaged or cut short")
	}
	if isOffice(z) {
		return w.refuse(p.name, "", "documents of office programs and books are not supported yet; save it as PDF")
	}
	z.RegisterDecompressor(zip.Deflate, flate.NewReader)
	a := &archive{w: w, p: p, size: size, seen: map[string]bool{}}
	read := 0
	for i, f := range z.File {
		if strings.HasSuffix(f.Name, "/") || hiddenPath(f.Name) {
			continue
		}
		read++
		if w.files++; w.files > w.limits.Entries {
			return w.refuse(p.name, fmt.Sprintf("file %d", i+1), "there are too many files; this one and those after it are left out")
		}
		if w.spent {
			return w.refuse(p.name, fmt.Sprintf("file %d", i+1), "a limit was reached; this file and those after it are left out")
		}
		if err := a.file(i+1, f); err != nil {
			return err
		}
	}
	if read == 0 {
		return w.refuse(p.name, "", "there is no file in it")
	}
	return nil
}

// isOffice tells the zips that are documents to people (OPC, ODF, EPUB).
func isOffice(z *zip.Reader) bool {
	return slices.ContainsFunc(z.File, func(f *zip.File) bool {
		return f.Name == "[Content_Types].xml" || f.Name == "mimetype"
	})
}

// archive is a zip that is being read.
type archive struct {
	w    *walk
	p    part
	size int64
	all  int64 // bytes unpacked of it
	seen map[string]bool
}

func (a *archive) file(number int, f *zip.File) error {
	place := fmt.Sprintf("file %d", number)
	if reason := a.refuses(f); reason != "" {
		return a.w.refuse(a.p.name, place, reason)
	}
	a.seen[f.Name] = true
	name := a.p.name + "/" + shownName(f)
	return a.w.file(part{name: name, level: a.p.level + 1, open: func() (io.ReadCloser, error) {
		rc, err := f.Open()
		if err != nil {
			return nil, &vault.Refusal{Input: name, Reason: "the zip is damaged here"}
		}
		m := &meter{w: a.w, name: name, r: zipError{rc, name}, all: &a.all, whole: a.size,
			packed: func() int64 { return int64(min(f.CompressedSize64, uint64(a.size))) }}
		return struct {
			io.Reader
			io.Closer
		}{m, rc}, nil
	}})
}

// refuses says why a file of a zip is not opened, "" when it may be.
func (a *archive) refuses(f *zip.File) string {
	if reason := badName(f.Name); reason != "" {
		return reason
	}
	switch {
	case a.seen[f.Name]:
		return "a file of the same name came before"
	case f.Flags&1 != 0:
		return "it is encrypted; unpack the zip with its passphrase first"
	case f.Mode()&fs.ModeType != 0:
		return "it is a link or a device, not a file"
	case f.Method != zip.Store && f.Method != zip.Deflate:
		return "it is packed in a way that is not supported (only deflate is)"
	}
	return ""
}

// zipError says what is wrong with a file of a zip.
type zipError struct {
	r    io.Reader
	name string
}

func (z zipError) Read(p []byte) (int, error) {
	n, err := z.r.Read(p)
	switch err {
	case zip.ErrChecksum:
		err = &vault.Refusal{Input: z.name, Reason: "its checksum in the zip is wrong"}
	case zip.ErrFormat:
		err = &vault.Refusal{Input: z.name, Reason: "the zip is damaged here"}
	}
	return n, err
}

// shownName reads a name that is not in UTF-8 as code page 437, as the format
// has it (APPNOTE.TXT, appendix D).
func shownName(f *zip.File) string {
	if utf8.ValidString(f.Name) {
		return f.Name
	}
	s, err := charmap.CodePage437.NewDecoder().String(f.Name)
	if err != nil {
		return strings.ToValidUTF8(f.Name, "?")
	}
	return s
}

func hiddenPath(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if hidden(part) && part != ".." && part != "." {
			return true
		}
	}
	return false
}
