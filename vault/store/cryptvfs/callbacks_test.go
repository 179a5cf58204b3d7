package cryptvfs

import (
	"fmt"
	"go/build"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	sqlite3 "modernc.org/sqlite/lib"
)

// TestTheCallbacksHaveTheSignaturesThatSQLiteCalls compares them with the casts
// in the source of the SQLite that is linked: an upgrade may change them.
func TestTheCallbacksHaveTheSignaturesThatSQLiteCalls(t *testing.T) {
	pkg, err := build.Import("modernc.org/sqlite/lib", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(pkg.Dir, "sqlite*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no source in %q: %v", pkg.Dir, err)
	}
	callbacks := map[string]any{
		"xOpen": xOpen, "xDelete": xDelete, "xAccess": xAccess, "xFullPathname": xFullPathname, "xDlOpen": xDlOpen,
		"xDlError": xDlError, "xDlSym": xDlSym, "xDlClose": xDlClose, "xRandomness": xRandomness, "xSleep": xSleep,
		"xCurrentTime": xCurrentTime, "xCurrentTimeInt64": xCurrentTimeInt64, "xGetLastError": xGetLastError,
		"xClose": xClose, "xRead": xRead, "xWrite": xWrite, "xTruncate": xTruncate, "xSync": xSync,
		"xFileSize": xFileSize, "xLock": xLock, "xUnlock": xUnlock, "xCheckReservedLock": xCheckReservedLock,
		"xFileControl": xFileControl, "xSectorSize": xSectorSize, "xDeviceCharacteristics": xDeviceCharacteristics,
		"xShmMap": xShmMap, "xShmLock": xShmLock, "xShmBarrier": xShmBarrier, "xShmUnmap": xShmUnmap,
	}
	// (*(*func(…) int32)(unsafe.Pointer(&struct{ uintptr }{(*Tsqlite3_vfs)(…).FxOpen})))
	cast := regexp.MustCompile(`\(\*\(\*(func\([^{]*?)\)\(unsafe\.Pointer\(&struct\{ uintptr \}\{\(\*Tsqlite3_(?:vfs|io_methods)\)\([^}]*\)\.F(x\w+)\}\)\)\)`)
	found := map[string]map[string]bool{}
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range cast.FindAllStringSubmatch(string(src), -1) {
			if found[m[2]] == nil {
				found[m[2]] = map[string]bool{}
			}
			found[m[2]][strings.NewReplacer("Tsqlite3_int64", "int64", "Tsqlite3_filename", "uintptr").Replace(m[1])] = true
		}
	}
	for name, f := range callbacks {
		want := reflect.TypeOf(f).String()
		if len(found[name]) != 1 || !found[name][want] {
			t.Errorf("%s is %s, SQLite calls %v", name, want, found[name])
		}
	}
	for _, s := range []any{sqlite3.Tsqlite3_vfs{}, sqlite3.Tsqlite3_io_methods{}} {
		for i := range reflect.TypeOf(s).NumField() {
			name := strings.TrimPrefix(reflect.TypeOf(s).Field(i).Name, "F")
			switch name {
			case "iVersion", "szOsFile", "mxPathname", "pNext", "zName", "pAppData": // data
			case "xSetSystemCall", "xGetSystemCall", "xNextSystemCall", "xFetch", "xUnfetch": // version 3
			default:
				if callbacks[name] == nil {
					t.Error(fmt.Sprint(name, " is not implemented"))
				}
			}
		}
	}
}

// TestLibcIsTheOneSQLiteWasTranslatedFor: code translated for one version of
// modernc.org/libc is not promised to work with another.
func TestLibcIsTheOneSQLiteWasTranslatedFor(t *testing.T) {
	pkg, err := build.Import("modernc.org/sqlite/lib", ".", build.FindOnly)
	if err != nil {
		t.Fatal(err)
	}
	pin := regexp.MustCompile(`modernc\.org/libc (v\S+)`)
	version := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		m := pin.FindSubmatch(b)
		if m == nil {
			t.Fatalf("%s does not name modernc.org/libc", path)
		}
		return string(m[1])
	}
	want := version(filepath.Join(filepath.Dir(pkg.Dir), "go.mod"))
	if got := version(filepath.FromSlash("../../../go.mod")); got != want {
		t.Errorf("modernc.org/libc %s, want %s", got, want)
	}
}
