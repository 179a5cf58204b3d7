package keyfile

// syncDir does nothing: NTFS journals the rename, and Windows cannot sync a
// folder's handle.
func syncDir(string) error { return nil }
