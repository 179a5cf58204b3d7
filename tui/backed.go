package tui

import (
	"context"
	"fmt"
	"time"
)

// Backed is what a Session may be as well. Implemented by the program.
type Backed interface {
	// LastBackup says when this copy of the vault was last backed up, and how many
	// entries its log got since; the zero time for never.
	LastBackup(ctx context.Context) (at time.Time, behind int64, err error)
}

const backupHow = "To make one: phivault backup FILE"

// backupWords says how a vault is backed up, and what to do; nothing where nobody knows.
func backupWords(ctx context.Context, in Session, now time.Time) ([]string, error) {
	b, ok := in.(Backed)
	if !ok {
		return nil, nil
	}
	at, behind, err := b.LastBackup(ctx)
	switch {
	case err != nil:
		return nil, err
	case at.IsZero():
		return []string{"No backup of this copy of the vault is known.", backupHow}, nil
	}
	return []string{fmt.Sprintf("Last backup: %s, %s since.", when(now, at, ""), entries(int(behind))), backupHow}, nil
}
