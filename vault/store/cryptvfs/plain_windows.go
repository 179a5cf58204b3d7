package cryptvfs

import "golang.org/x/sys/windows"

// openItself opens a link or another reparse point instead of what it stands for.
const openItself = windows.FILE_FLAG_OPEN_REPARSE_POINT
