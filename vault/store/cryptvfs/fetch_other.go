//go:build !linux

package cryptvfs

import "os"

// cacheOf is for systems that do not say what they have cached.
func cacheOf(*os.File) systemCache { return nil }
