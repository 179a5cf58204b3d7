package csvfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"phivault/vault"
	"phivault/vault/fhir"
)

// Codec reads measurements by a mapping. Each row becomes an Observation.
type Codec struct{ m Mapping }

var _ vault.Codec = (*Codec)(nil)

// New gives a codec for m; vault.ErrUsage when m is not complete.
func New(m Mapping) (*Codec, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return &Codec{m}, nil
}

// Name is how --format calls the codec.
func (c *Codec) Name() string { return "csv" }

// Sniff takes what begins with a header that has a column of the mapping; Decode then
// says what does not fit.
func (c *Codec) Sniff(prefix []byte) bool {
	r := c.text(bytes.NewReader(prefix))
	line, err := header(r)
	if err != nil {
		return false
	}
	first, err := newRows(strings.NewReader(line), c.delimiter(line)).next()
	if err != nil {
		return false
	}
	_, known, _ := c.m.plan(first.cells)
	return known
}

// Decode gives an Observation for each row; see vault.Codec.
func (c *Codec) Decode(ctx context.Context, name string, r io.Reader, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		if o.Only != "" && o.Only != "Observation" {
			return
		}
		d := &decoder{ctx: ctx, name: name, yield: yield}
		if err := d.run(c, r); err != nil && err != errStop {
			yield(vault.Item{}, err)
		}
	}
}

var errStop = errors.New("stop")

type decoder struct {
	ctx   context.Context
	name  string
	yield func(vault.Item, error) bool
}

func (d *decoder) refuse(line int64, reason string) error {
	r := &vault.Refusal{Input: d.name, Reason: reason}
	if line > 0 {
		r.Place = fmt.Sprintf("line %d", line)
	}
	if !d.yield(vault.Item{}, r) {
		return errStop
	}
	return nil
}

func (d *decoder) run(c *Codec, r io.Reader) error {
	br := c.text(r)
	line, err := header(br)
	if err != nil {
		return d.readError(err)
	}
	rows := newRows(br, c.delimiter(line))
	rows.line = int64(1 + strings.Count(line, "\n"))
	line = strings.TrimRight(line, "\r\n")
	i := strings.LastIndexAny(line, "\r\n") + 1
	first, err := newRows(strings.NewReader(line[i:]), rows.delim).next()
	if err != nil {
		return d.refuse(1, "the header is empty or broken")
	}
	plan, _, reason := c.m.plan(first.cells)
	if plan == nil {
		return d.refuse(1, reason)
	}
	for {
		if err := d.ctx.Err(); err != nil {
			return err
		}
		row, err := rows.next()
		var broken *rowError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &broken):
			err = d.refuse(broken.line, broken.reason)
		case err != nil:
			return d.readError(err)
		default:
			err = d.row(plan, row)
		}
		if err != nil {
			return err
		}
	}
}

func (d *decoder) row(p *plan, r row) error {
	for _, cell := range r.cells {
		if !utf8.ValidString(cell) {
			return d.refuse(r.line, "the text is not valid UTF-8; encoding=latin-1 in the mapping may be what it is")
		}
	}
	m, reason := p.measurement(r.cells)
	if reason != "" {
		return d.refuse(r.line, reason)
	}
	res, err := fhir.Parse(m.json(), nil)
	if err != nil {
		return d.refuse(r.line, "it makes no valid record")
	}
	if !d.yield(vault.Item{Input: d.name, Place: fmt.Sprintf("line %d", r.line), Resource: res}, nil) {
		return errStop
	}
	return nil
}

// readError passes a refusal from below on; other errors end the reading.
func (d *decoder) readError(err error) error {
	var ref *vault.Refusal
	switch {
	case errors.As(err, &ref):
		d.yield(vault.Item{}, ref)
		return errStop
	case err == io.EOF:
		return d.refuse(0, "it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return d.refuse(0, "it ends in the middle")
	case errors.Is(err, errHeader):
		return d.refuse(1, "the header is too long")
	}
	return err
}

var errHeader = errors.New("header too long")

// mostHeader bounds the first line.
const mostHeader = 32 << 10

// header reads up to the end of the first line that says something. A line
// "sep=;", which Excel writes, is passed over.
func header(r *bufio.Reader) (string, error) {
	var b strings.Builder
	for b.Len() < mostHeader {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			return "", errHeader
		}
		b.Write(line)
		text := strings.TrimSpace(string(line))
		if text != "" && !(len(text) == len("sep=;") && strings.HasPrefix(text, "sep=")) {
			return b.String(), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", errHeader
}

// delimiter finds what parts the cells of a header.
func (c *Codec) delimiter(line string) byte {
	if c.m.Delimiter != 0 {
		return byte(c.m.Delimiter)
	}
	best, most := byte(','), 0
	for _, d := range []byte{',', ';', '\t'} {
		n, quoted := 0, false
		for i := range len(line) {
			if line[i] == '"' {
				quoted = !quoted
			} else if line[i] == d && !quoted {
				n++
			}
		}
		if n > most {
			best, most = d, n
		}
	}
	return best
}

// text gives r in UTF-8, without a byte order mark.
func (c *Codec) text(r io.Reader) *bufio.Reader {
	br := bufio.NewReaderSize(r, 64<<10)
	begin, _ := br.Peek(3)
	switch {
	case bytes.HasPrefix(begin, []byte("\xef\xbb\xbf")):
		_, _ = br.Discard(3)
		return br
	case bytes.HasPrefix(begin, []byte("\xff\xfe")), bytes.HasPrefix(begin, []byte("\xfe\xff")):
		return bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(br), 64<<10)
	case c.m.Encoding == "latin-1":
		return bufio.NewReaderSize(charmap.ISO8859_1.NewDecoder().Reader(br), 64<<10)
	case c.m.Encoding == "windows-1252":
		return bufio.NewReaderSize(charmap.Windows1252.NewDecoder().Reader(br), 64<<10)
	}
	return br
}
