package codec

import (
	"errors"
	"io"
)

// unseekableZip reads a zip that can only be read from its beginning: within
// another archive, or a stream. Nothing is spooled for it: it is read again
// where its directory asks for an earlier place.
func (w *walk) unseekableZip(p part) error {
	r := &reopener{open: p.open}
	defer r.close()
	size, err := r.measure()
	if err != nil {
		return w.readError(p.name, err)
	}
	return w.zip(p, r, size)
}

// tailSize is what of the end stays in memory: a zip begins with its directory,
// which stands there.
const tailSize = 256 << 10

// reopener is a ReaderAt over what can be opened anew. It is cheap as long as
// offsets ascend. It is not safe for concurrent use.
type reopener struct {
	open func() (io.ReadCloser, error)
	rc   io.ReadCloser
	pos  int64

	size int64
	tail []byte // the last bytes
}

// measure reads everything once and keeps the tail.
func (r *reopener) measure() (int64, error) {
	rc, err := r.open()
	if err != nil {
		return 0, err
	}
	defer rc.Close()
	buf := make([]byte, 2*tailSize)
	n := 0
	for {
		m, err := rc.Read(buf[n:])
		n, r.size = n+m, r.size+int64(m)
		if n == len(buf) || err == io.EOF {
			keep := min(n, tailSize)
			n = copy(buf, buf[n-keep:n])
		}
		if err == io.EOF {
			r.tail = buf[:n]
			return r.size, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

func (r *reopener) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("codec: negative offset")
	}
	if first := r.size - int64(len(r.tail)); off >= first {
		n := copy(p, r.tail[min(off-first, int64(len(r.tail))):])
		if n < len(p) {
			return n, io.EOF
		}
		return n, nil
	}
	if r.rc == nil || off < r.pos {
		r.close()
		rc, err := r.open()
		if err != nil {
			return 0, err
		}
		r.rc, r.pos = rc, 0
	}
	skipped, err := io.CopyN(io.Discard, r.rc, off-r.pos)
	r.pos += skipped
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r.rc, p)
	r.pos += int64(n)
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	return n, err
}

func (r *reopener) close() {
	if r.rc != nil {
		r.rc.Close()
		r.rc = nil
	}
}
