package cryptvfs

import "os"

// openPlain opens an ordinary file. A link, a folder, a device or whatever else
// lies there in its place is ErrRefused: it could lead anywhere.
func openPlain(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|openItself, fileMode)
	if err != nil {
		if st, e := os.Lstat(path); e == nil && !st.Mode().IsRegular() {
			err = ErrRefused
		}
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = ErrRefused
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
