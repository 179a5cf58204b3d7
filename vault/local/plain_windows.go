package local

import (
	"os"

	"golang.org/x/sys/windows"
)

// openPlain opens a regular file and nothing else: errNotPlain for a link, which
// could lead to any file of the owner's.
func openPlain(path string, flag int) (*os.File, error) {
	f, err := os.OpenFile(path, flag|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0o600)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errNotPlain
	}
	if err != nil {
		return nil, first(err, f.Close())
	}
	return f, nil
}

// ownFile reports whether an open file has one name only. Whose it is cannot be
// told; others cannot write where backups lie unless the owner lets them.
func ownFile(f *os.File, fi os.FileInfo) bool { return oneName(f, fi) }

// oneName reports whether the file has no hard links beside its name.
func oneName(f *os.File, _ os.FileInfo) bool {
	var i windows.ByHandleFileInformation
	err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &i)
	return err == nil && i.NumberOfLinks == 1
}
