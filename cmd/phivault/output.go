package main

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
)

// outputFile is where an export goes: stdout, or a file that appears under its
// name only when it is whole.
type outputFile struct {
	*sink
	f    *os.File // nil for stdout
	name string
}

// output opens the output that -o names. The file is the owner's alone (0600),
// and one that exists is replaced only with force.
func (a *app) output(name string, force bool) (*outputFile, error) {
	if name == "" {
		return nil, usage("--output is empty", "give a file's name, or - for stdout")
	}
	if name == "-" {
		return &outputFile{sink: a.out}, nil
	}
	if fi, err := os.Lstat(name); err == nil {
		switch {
		case fi.IsDir():
			return nil, failed("exists", "the output names a folder", "give the name of a file")
		case !fi.Mode().IsRegular(): // renaming onto it would put a file in its place
			return nil, failed("exists", "the output is a link, a device or a pipe, not a file", "give the name of a file, or - for stdout")
		}
		if !force {
			return nil, failed("exists", "the output file exists", "choose another name, or replace it with --force")
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".phivault-*")
	if err != nil {
		return nil, because(err, "the output file cannot be made")
	}
	return &outputFile{&sink{w: bufio.NewWriterSize(f, 256<<10), utf8: true, file: true}, f, name}, nil
}

// written tells of a file that end completed.
func (o *outputFile) written(format string, records, ms int64) exportObject {
	e := exportObject{Schema: "phivault.export.v1", Format: format, Records: records, File: o.name, MS: ms}
	if fi, err := os.Stat(o.name); err == nil {
		e.Bytes = fi.Size()
	}
	return e
}

// end completes the output, or removes what there is of it when err is not nil.
func (o *outputFile) end(err error) error {
	if ferr := o.flush(); err == nil {
		err = ferr
	}
	if o.f == nil {
		return err
	}
	if err == nil {
		err = o.f.Sync()
	}
	err = errors.Join(err, o.f.Close())
	if err == nil {
		err = os.Rename(o.f.Name(), o.name)
	}
	if err != nil {
		os.Remove(o.f.Name())
	}
	return err
}
