package codec

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"phivault/vault"
)

// errStop: whoever ranges over the items has had enough.
var errStop = errors.New("stop")

// input is a file, a folder or a stream.
type input struct {
	name   string
	codecs []vault.Codec
	begin  func(*walk) error
}

var _ vault.Input = (*input)(nil)

func (i *input) Name() string { return i.name }

func (i *input) Items(ctx context.Context, o vault.DecodeOptions) iter.Seq2[vault.Item, error] {
	return func(yield func(vault.Item, error) bool) {
		w := &walk{ctx: ctx, o: o, limits: limits(o.Limits), codecs: i.codecs, yield: yield}
		if err := i.begin(w); err != nil && !errors.Is(err, errStop) {
			yield(vault.Item{}, err)
		}
	}
}

// Open gives the file or folder at path as an input. It looks whether path is
// there and reads nothing of it yet. A pipe or a device is vault.ErrUsage: it
// could not be read twice; Stream takes a copy of it.
func Open(path string, codecs []vault.Codec) (vault.Input, error) {
	fi, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	in := &input{name: path, codecs: codecs}
	switch {
	case fi.IsDir():
		in.begin = func(w *walk) error { return w.folder(path) }
	case fi.Mode().IsRegular():
		in.begin = func(w *walk) error {
			return w.file(part{name: path, open: func() (io.ReadCloser, error) { return openFile(os.Open(path)) }})
		}
	default:
		return nil, fmt.Errorf("%w: %s is not a regular file; give a pipe as -", vault.ErrUsage, path)
	}
	return in, nil
}

// Stream gives as an input what open opens, each time from its beginning: a
// spooled copy of standard input, say. What open returns may be an io.ReaderAt
// with a Size method; else a zip in it is read by opening it several times.
func Stream(name string, open func() (io.ReadCloser, error), codecs []vault.Codec) vault.Input {
	return &input{name: name, codecs: codecs, begin: func(w *walk) error {
		return w.file(part{name: name, open: open, fatal: true})
	}}
}

// Only gives the codec called name as the only one, which then reads whatever
// it is given; vault.ErrUsage when there is none of that name.
func Only(codecs []vault.Codec, name string) ([]vault.Codec, error) {
	names := make([]string, 0, len(codecs))
	for _, c := range codecs {
		if c.Name() == name {
			return []vault.Codec{forced{c}}, nil
		}
		names = append(names, c.Name())
	}
	return nil, fmt.Errorf("%w: the format must be one of %s", vault.ErrUsage, strings.Join(names, ", "))
}

// forced is a codec that was asked for by name.
type forced struct{ vault.Codec }

func (forced) Sniff([]byte) bool { return true }

func limits(l vault.Limits) vault.Limits {
	d := vault.DefaultLimits()
	l.Entries = cmp.Or(l.Entries, d.Entries)
	l.Expanded = cmp.Or(l.Expanded, d.Expanded)
	l.Ratio = cmp.Or(l.Ratio, d.Ratio)
	return l
}
