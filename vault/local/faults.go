package local

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"phivault/vault"
)

// fault turns what the operating system says about the vault's folder into the
// domain's errors. what is a clause: "writing the backup".
func fault(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, vault.ErrFull), errors.Is(err, vault.ErrReadOnly):
		return err
	case isFull(err):
		return fmt.Errorf("%w: %s", vault.ErrFull, what)
	case isReadOnly(err):
		return fmt.Errorf("%w: %s: %w", vault.ErrReadOnly, what, cause(err)) // a medium or a permission
	}
	return fmt.Errorf("%s: %w", what, cause(err))
}

// cause drops the path: the caller's clause names the file, and paths of
// temporary files only confuse.
func cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// first gives the first error: what failed, rather than what failed because of it.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// errNotPlain is a link, a pipe or another thing where only a regular file is
// taken.
var errNotPlain = errors.New("it is no regular file; remove it")
