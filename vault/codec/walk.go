package codec

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"phivault/vault"
)

// walk is one reading of an input.
type walk struct {
	ctx    context.Context
	o      vault.DecodeOptions
	limits vault.Limits
	codecs []vault.Codec
	yield  func(vault.Item, error) bool

	files    int   // seen
	expanded int64 // bytes unpacked
	spent    bool  // a limit on unpacking was met: no archive goes on
}

// part is a file, or one in an archive.
type part struct {
	name  string // as people would say it
	level int    // archives around it
	fatal bool   // when it cannot be opened, there is nothing else to read
	open  func() (io.ReadCloser, error)
}

// sized is what a zip can be read from as it stands.
type sized interface {
	io.ReaderAt
	Size() int64
}

// mostArchives is how many archives may stand within each other.
const mostArchives = 2

// sniffed is how much of a file's beginning codecs get to see.
const sniffed = 4 << 10

// file reads what p holds: an archive, or a document of some codec.
func (w *walk) file(p part) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	rc, err := p.open()
	if err != nil {
		if p.fatal {
			return err
		}
		return w.readError(p.name, err)
	}
	defer rc.Close()
	br := bufio.NewReaderSize(rc, 64<<10)
	prefix, err := br.Peek(sniffed)
	if err != nil && err != io.EOF && len(prefix) == 0 {
		return w.readError(p.name, err)
	} // else whoever reads on meets it after what came before
	packed := bytes.HasPrefix(prefix, gzipMagic) || bytes.HasPrefix(prefix, zipMagic) || bytes.HasPrefix(prefix, emptyZip)
	switch {
	case len(prefix) == 0:
		return w.refuse(p.name, "", "it is empty")
	case packed && p.level >= mostArchives:
		return w.refuse(p.name, "", "archives stand too deep within each other")
	case bytes.HasPrefix(prefix, gzipMagic):
		return w.gzip(p)
	case packed:
		if s, ok := rc.(sized); ok {
			return w.zip(p, s, s.Size())
		}
		return w.unseekableZip(p)
	}
	return w.decode(p, br, prefix)
}

// decode has the first codec that knows the beginning read the rest.
func (w *walk) decode(p part, br *bufio.Reader, prefix []byte) error {
	c, reason := w.choose(prefix)
	if c == nil {
		return w.refuse(p.name, "", reason)
	}
	for it, err := range c.Decode(w.ctx, p.name, &guard{r: br, name: p.name}, w.o) {
		if !w.yield(it, err) {
			return errStop
		}
		var ref *vault.Refusal
		if err != nil && !errors.As(err, &ref) {
			return errStop // it was the last thing to give
		}
	}
	return nil
}

func (w *walk) choose(prefix []byte) (vault.Codec, string) {
	asked := len(w.codecs) == 1
	if asked {
		_, asked = w.codecs[0].(forced)
	}
	if reason := unsupported(prefix); reason != "" && !asked {
		return nil, reason
	}
	for _, c := range w.codecs {
		if c.Sniff(prefix) {
			return c, ""
		}
	}
	return nil, "its format is not recognised"
}

func (w *walk) refuse(name, place, reason string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	if !w.yield(vault.Item{}, &vault.Refusal{Input: name, Place: place, Reason: reason}) {
		return errStop
	}
	return nil
}

// readError refuses a file whose reading failed; cancelling is no refusal.
func (w *walk) readError(name string, err error) error {
	if e := w.ctx.Err(); e != nil {
		return e
	}
	var ref *vault.Refusal
	if errors.As(err, &ref) {
		return w.refuse(ref.Input, ref.Place, ref.Reason)
	}
	return w.refuse(name, "", why(err))
}

// guard turns the failures of a file into its refusal, so that the files after
// it are read.
type guard struct {
	r    io.Reader
	name string
	n    int64
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.n += int64(n)
	var ref *vault.Refusal
	if err == nil || err == io.EOF || errors.As(err, &ref) {
		return n, err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return n, err
	}
	return n, &vault.Refusal{Input: g.name, Place: fmt.Sprintf("byte %d", g.n), Reason: why(err)}
}

// why says in plain words what the system or an archive says.
func why(err error) string {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "it may not be read"
	case errors.Is(err, fs.ErrNotExist):
		return "it is no longer there"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends in the middle"
	case errors.As(err, &path):
		return "it cannot be read: " + path.Err.Error()
	}
	return "it cannot be read"
}

// file on disk, with its size as it was when it was opened.
type diskFile struct {
	*os.File
	size int64
}

func (f diskFile) Size() int64 { return f.size }

// openFile makes sure that what was opened is a regular file: since it was
// looked at, a pipe may have taken its place.
func openFile(f *os.File, err error) (io.ReadCloser, error) {
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return diskFile{f, fi.Size()}, nil
}
