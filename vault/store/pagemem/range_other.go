//go:build !linux && !darwin

package pagemem

func reserve(int) []byte { return nil }
func release([]byte)     {}
func forget([]byte)      {}
