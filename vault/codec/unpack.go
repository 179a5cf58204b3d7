package codec

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"phivault/vault"
)

var gzipMagic = []byte("\x1f\x8b")

// freely is how much may be unpacked before the ratio counts.
const freely = 16 << 20

// meter counts what is unpacked and stops what is made to swell.
type meter struct {
	w      *walk
	name   string
	r      io.Reader
	n      int64
	packed func() int64 // bytes it was unpacked from so far
	all    *int64       // bytes unpacked of the same archive
	whole  int64        // the archive's size, for all
	fail   error        // sticks, as a reader may be asked again
}

func (m *meter) Read(p []byte) (int, error) {
	if m.fail != nil {
		return 0, m.fail
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	m.w.expanded += int64(n)
	if m.all != nil {
		*m.all += int64(n)
	}
	reason := ""
	switch l := m.w.limits; {
	case m.w.expanded > l.Expanded:
		m.w.spent = true
		reason = fmt.Sprintf("the limit of %d unpacked bytes is reached", l.Expanded)
	case m.n > freely && m.n/l.Ratio > m.packed(), m.all != nil && *m.all > freely && *m.all/l.Ratio > m.whole:
		reason = fmt.Sprintf("it unpacks to more than %d times its size", l.Ratio)
	}
	if reason != "" {
		m.fail = &vault.Refusal{Input: m.name, Place: fmt.Sprintf("byte %d", m.n), Reason: reason}
		return 0, m.fail
	}
	if err != nil && err != io.EOF {
		m.fail = &vault.Refusal{Input: m.name, Place: fmt.Sprintf("byte %d", m.n), Reason: damage(err, m.n)}
		err = m.fail
	}
	return n, err
}

// damage says what is wrong with packed data.
func damage(err error, n int64) string {
	var corrupt flate.CorruptInputError
	var internal flate.InternalError
	var ref *vault.Refusal
	switch {
	case errors.As(err, &ref): // of the archive around
		return ref.Reason
	case err == io.ErrUnexpectedEOF:
		return "the packed data ends in the middle"
	case err == gzip.ErrChecksum:
		return "the checksum of the packed data is wrong"
	case err == gzip.ErrHeader && n > 0:
		return "something follows after the packed data"
	case err == gzip.ErrHeader, errors.As(err, &corrupt), errors.As(err, &internal):
		return "the packed data is damaged"
	}
	return why(err)
}

// counter counts the bytes read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// gzip reads what a gzip holds, all members of it (RFC 1952).
func (w *walk) gzip(p part) error {
	name := p.name
	return w.file(part{name: name, level: p.level + 1, open: func() (io.ReadCloser, error) {
		rc, err := p.open()
		if err != nil {
			return nil, err
		}
		c := &counter{r: rc}
		z, err := gzip.NewReader(bufio.NewReaderSize(c, 64<<10))
		if err != nil {
			rc.Close()
			return nil, &vault.Refusal{Input: name, Reason: damage(err, 0)}
		}
		return struct {
			io.Reader
			io.Closer
		}{&meter{w: w, name: name, r: z, packed: func() int64 { return c.n }}, rc}, nil
	}})
}

// badName says why a name in an archive is not accepted, "" when it is. Nothing
// is ever written by it; one that tries to lead elsewhere is not trusted all
// the same.
func badName(name string) string {
	for _, r := range name {
		if r < ' ' || r == 0x7f {
			return "its name has control characters"
		}
	}
	switch {
	case len(name) > 4096:
		return "its name is too long"
	case strings.Contains(name, `\`), path.Clean("/"+name) != "/"+name,
		len(name) > 1 && name[1] == ':': // a drive
		return "its name leads out of the archive"
	}
	return ""
}
