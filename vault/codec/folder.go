package codec

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder reads everything below path, in the order of the names, folder by
// folder.
func (w *walk) folder(path string) error {
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	if err := w.below(root, path, "."); err != nil {
		return err
	}
	if w.files == 0 {
		return w.refuse(path, "", "there is no file in it")
	}
	return nil
}

func (w *walk) below(root *os.Root, path, dir string) error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	names, err := w.names(root, dir)
	if err != nil {
		w.files++
		return w.refuse(filepath.Join(path, dir), "", why(err))
	}
	for _, name := range names {
		rel := filepath.Join(dir, name)
		shown := filepath.Join(path, rel)
		fi, err := root.Lstat(rel)
		if err == nil && fi.IsDir() {
			if err := w.below(root, path, rel); err != nil {
				return err
			}
			continue
		}
		if w.files++; w.files > w.limits.Entries {
			return w.refuse(shown, "", "there are too many files; this one and those after it are left out")
		}
		switch reason := notReadable(root, rel, fi, err); reason {
		case "":
			err = w.file(part{name: shown, open: func() (io.ReadCloser, error) { return openFile(root.Open(rel)) }})
		default:
			err = w.refuse(shown, "", reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// notReadable says why a name in a folder is not opened, "" when it may be.
func notReadable(root *os.Root, rel string, fi fs.FileInfo, err error) string {
	if err != nil {
		return why(err)
	}
	if fi.Mode()&fs.ModeSymlink != 0 {
		if fi, err = root.Stat(rel); err != nil {
			return "it is a link that leads out of the folder or nowhere"
		}
		if fi.IsDir() {
			return "it is a link to a folder, and those are not followed"
		}
	}
	if !fi.Mode().IsRegular() {
		return "it is not a regular file"
	}
	return ""
}

// names gives the names in a folder, sorted, without the hidden ones and not
// many more than the limit.
func (w *walk) names(root *os.Root, dir string) ([]string, error) {
	f, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []string
	for len(names) <= w.limits.Entries {
		some, err := f.Readdirnames(1024)
		for _, name := range some {
			if !hidden(name) {
				names = append(names, name)
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(names)
	return names, nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") || name == "__MACOSX" }
