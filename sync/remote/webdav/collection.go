package webdav

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"phivault/sync/remote"
)

// collections makes a folder and those above it, once each.
func (r *Remote) collections(ctx context.Context, n remote.Name, dir string) error {
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		part := dir[:i]
		r.mu.Lock()
		known := r.made[part]
		r.mu.Unlock()
		if known {
			continue
		}
		status, err := r.status(ctx, "MKCOL", part+"/")
		if err != nil {
			return remote.Failed(ctx, "put", n, err)
		}
		// 405: there is one already (RFC 4918, 9.3.1). Under a race Apache says 500 or
		// 409 as well; whether it is there then shows.
		if status != http.StatusCreated && status != http.StatusMethodNotAllowed {
			if there, err := r.status(ctx, "PROPFIND", part+"/", "Depth", "0"); err != nil || there != http.StatusMultiStatus {
				return refused("put", n, status)
			}
		}
		r.mu.Lock()
		r.made[part] = true
		r.mu.Unlock()
	}
	return nil
}

func (r *Remote) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.made)
}

const (
	question = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/></prop></propfind>`
	ages     = `<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getlastmodified/></prop></propfind>`
)

// List asks for each collection of the space. The zero Space is all.
func (r *Remote) List(ctx context.Context, s remote.Space) iter.Seq2[remote.Entry, error] {
	return func(yield func(remote.Entry, error) bool) {
		more := true
		err := r.walk(ctx, s.Path(), strings.Count(s.Path(), "/"), func(e remote.Entry) bool {
			more = !s.Holds(e.Name) || yield(e, nil)
			return more
		})
		if err != nil && more {
			yield(remote.Entry{}, err)
		}
	}
}

var errEnough = errors.New("enough")

func (r *Remote) walk(ctx context.Context, dir string, depth int, visit func(remote.Entry) bool) error {
	var below []string
	err := r.members(ctx, dir, question, func(m member) error {
		switch {
		case m.collection && depth < 2:
			// The depth is bounded, and so is the breadth by what a listing may weigh.
			if validPart(m.name, depth) {
				below = append(below, m.name)
			}
		case !m.collection && depth == 2:
			if n, err := remote.ParseName(dir + "/" + m.name); err == nil && m.size > 0 && !visit(remote.Entry{Name: n, Size: m.size}) {
				return errEnough
			}
		}
		return nil
	})
	if err == errEnough {
		return nil
	}
	if err != nil {
		return remote.Failed(ctx, "list", remote.Name{}, err)
	}
	for _, b := range below {
		stop := false
		if err := r.walk(ctx, dir+"/"+b, depth+1, func(e remote.Entry) bool {
			stop = !visit(e)
			return !stop
		}); err != nil || stop {
			return err
		}
	}
	return nil
}

// validPart allows a space below v1 and two characters below that.
func validPart(s string, depth int) bool {
	if depth == 0 {
		_, err := remote.ParseSpace(s)
		return err == nil
	}
	return len(s) == 2 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// member is one resource of a collection.
type member struct {
	name       string // last part of its path, not yet trusted
	collection bool
	size       int64
	modified   time.Time // zero where the server does not say
}

// sweep removes once what writers that died have left, by the server's clock: old is
// what it dates more than a day before what was just written. What fails is left to the
// next client.
func (r *Remote) sweep(ctx context.Context, fresh string) {
	r.mu.Lock()
	done := r.swept
	r.swept = true
	r.mu.Unlock()
	if done {
		return
	}
	var now time.Time
	var left []member
	err := r.members(ctx, tmp, ages, func(m member) error {
		switch {
		case m.name == path.Base(fresh):
			now = m.modified
		case !m.collection && ownPart(m.name) && !m.modified.IsZero() && len(left) < sweepMost:
			left = append(left, m)
		}
		return nil
	})
	if err != nil || now.IsZero() {
		return
	}
	for _, m := range left {
		if now.Sub(m.modified) > tmpStale {
			r.tidy(ctx, path.Join(tmp, m.name))
		}
	}
}

// ownPart reports whether a name is one that a put draws. No other is ever removed: the
// name is the server's word.
func ownPart(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

const (
	tmpStale  = 24 * time.Hour // what has lain there so long is nobody's
	sweepMost = 256            // in one sync
)

// members reads a collection's listing as a stream. A missing collection is empty.
func (r *Remote) members(ctx context.Context, dir, question string, visit func(member) error) error {
	res, err := r.send(ctx, "PROPFIND", dir+"/", strings.NewReader(question), int64(len(question)),
		"Depth", "1", "Content-Type", "application/xml")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusNotFound {
		return nil
	}
	if res.StatusCode != http.StatusMultiStatus {
		return refused("list", remote.Name{}, res.StatusCode)
	}
	return parse(res.Body, r.base.Path+dir+"/", visit)
}

const (
	maxDepth = 16
	maxText  = 4096
)

// errListing is an answer that is no listing. It does not come right by asking
// again.
var errListing = remote.Fail("list", remote.Name{}, remote.ErrRefused, "its listing is not understood")

// parse reads a multistatus (RFC 4918, 14.16). encoding/xml expands no entities
// of a document's own; document types are refused nevertheless.
func parse(body io.Reader, base string, visit func(member) error) error {
	in := &noted{r: body}
	d := xml.NewDecoder(in)
	var m member
	var text strings.Builder
	var href string
	depth, done := 0, false
	for {
		tok, err := d.RawToken()
		if err == io.EOF && done {
			return nil
		}
		if err != nil {
			if in.err != nil {
				return in.err
			}
			return errListing
		}
		switch tok := tok.(type) {
		case xml.Directive:
			return errListing
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errListing
			}
			text.Reset()
			switch tok.Name.Local {
			case "response":
				m, href = member{}, ""
			case "collection":
				m.collection = true
			}
		case xml.CharData:
			if text.Len()+len(tok) > maxText {
				return errListing
			}
			text.Write(tok)
		case xml.EndElement:
			depth--
			switch tok.Name.Local {
			case "href":
				href = strings.TrimSpace(text.String())
			case "getcontentlength":
				m.size, _ = strconv.ParseInt(strings.TrimSpace(text.String()), 10, 64)
			case "getlastmodified":
				m.modified, _ = http.ParseTime(strings.TrimSpace(text.String()))
			case "response":
				name, ok := below(href, base)
				if m.name = name; ok {
					if err := visit(m); err != nil {
						return err
					}
				}
			case "multistatus":
				done = true
			}
			text.Reset()
		}
	}
}

// noted keeps a reader's error apart from those of the parser.
type noted struct {
	r   io.Reader
	err error
}

func (n *noted) Read(p []byte) (int, error) {
	c, err := n.r.Read(p)
	if err != nil && err != io.EOF {
		n.err = err
	}
	return c, err
}

// below gives the part of href right below base; false for base itself and for
// anything elsewhere.
func below(href, base string) (string, bool) {
	u, err := url.Parse(href)
	if err != nil {
		return "", false
	}
	rest, ok := strings.CutPrefix(u.Path, base)
	rest = strings.TrimSuffix(rest, "/")
	return rest, ok && rest != "" && !strings.Contains(rest, "/")
}
