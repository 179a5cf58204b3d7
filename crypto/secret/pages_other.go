//go:build !linux && !darwin && !windows

package secret

import "errors"

var errUnsupported = errors.New("not supported on this system")

func mapPages(int) ([]byte, error) { return nil, errUnsupported }
func unmapPages([]byte) error      { return errUnsupported }
func lockPages([]byte) error       { return errUnsupported }
func unlockPages([]byte) error     { return errUnsupported }
func disableCoreDumps() error      { return errUnsupported }
func denyInspection() error        { return errUnsupported }
