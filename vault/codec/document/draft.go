package document

import (
	"bytes"
	"crypto/fips140"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"io"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// draft is the JSON of a DocumentReference, made while it is read: what depends
// on the content (size, hashes, id) stands after it.
type draft struct {
	o     *Options
	title string
	r     io.Reader
	err   error // why the file could not be read to its end

	out  bytes.Buffer // ready to be read
	buf  []byte       // of the file; a multiple of 3 but for its end
	size int64
	sum  hash.Hash
	sha1 hash.Hash
	done bool
}

func newDraft(o *Options, kind, title string, r io.Reader) *draft {
	d := &draft{o: o, title: title, r: r, buf: make([]byte, 48<<10), sum: sha256.New(), sha1: sha1.New()}
	d.out.WriteString(`{"resourceType":"DocumentReference","status":"current"`)
	if o.Type.Code != "" || o.Type.Display != "" {
		d.out.WriteString(`,"type":{`)
		if o.Type.Code != "" {
			d.out.WriteString(`"coding":[{`)
			if o.Type.System != "" {
				d.text(`"system":`, o.Type.System)
				d.out.WriteByte(',')
			}
			d.text(`"code":`, o.Type.Code)
			if o.Type.Display != "" {
				d.text(`,"display":`, o.Type.Display)
			}
			d.out.WriteString(`}]}`)
		} else {
			d.text(`"text":`, o.Type.Display)
			d.out.WriteByte('}')
		}
	}
	if o.Subject != "" {
		d.text(`,"subject":{"reference":`, o.Subject)
		d.out.WriteByte('}')
	}
	d.text(`,"content":[{"attachment":{"contentType":`, kind)
	d.out.WriteString(`,"data":"`)
	return d
}

// text writes a member whose value is valid UTF-8.
func (d *draft) text(name, value string) {
	b, err := jsontext.AppendQuote([]byte(name), value)
	if err != nil {
		panic("document: " + err.Error())
	}
	d.out.Write(b)
}

func (d *draft) Read(p []byte) (int, error) {
	if d.out.Len() == 0 && d.err == nil && !d.done {
		d.fill()
	}
	if d.out.Len() > 0 {
		return d.out.Read(p)
	}
	if d.err != nil {
		return 0, d.err
	}
	return 0, io.EOF
}

func (d *draft) fill() {
	n, err := io.ReadFull(d.r, d.buf)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		d.err = err
		return
	}
	p := d.buf[:n]
	d.size += int64(n)
	d.sum.Write(p)
	// FHIR asks for SHA-1 here. It only tells damage; nothing relies on it.
	fips140.WithoutEnforcement(func() { d.sha1.Write(p) })
	d.out.Grow(base64.StdEncoding.EncodedLen(n))
	d.out.Write(base64.StdEncoding.AppendEncode(d.out.AvailableBuffer(), p))
	if err != nil {
		d.finish()
	}
}

func (d *draft) finish() {
	d.done = true
	d.out.WriteByte('"')
	if d.size <= math.MaxInt32 { // the range of FHIR's unsignedInt
		d.out.WriteString(`,"size":` + strconv.FormatInt(d.size, 10))
	}
	var sum []byte
	fips140.WithoutEnforcement(func() { sum = d.sha1.Sum(nil) })
	d.text(`,"hash":`, base64.StdEncoding.EncodeToString(sum))
	if d.title != "" {
		d.text(`,"title":`, d.title)
	}
	if d.o.Date != "" {
		d.text(`,"creation":`, d.o.Date)
	}
	d.out.WriteString(`}}],"id":"doc-` + hex.EncodeToString(d.sum.Sum(nil)[:20]) + `"}`)
}
