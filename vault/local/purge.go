package local

import (
	"context"
	"fmt"

	"phivault/vault"
	"phivault/vault/journal"
)

// MayPurge is nil where this device may remove contents for everybody: it is an
// owner's. Else it is journal.ErrNotMember.
func (v *Vault) MayPurge(ctx context.Context) error {
	j, err := v.Journal(ctx)
	if err != nil {
		return err
	}
	for _, m := range j.Members() {
		if m.Self && m.Owner && !m.Removed {
			return nil
		}
	}
	return fmt.Errorf("%w: only an owner's device purges", journal.ErrNotMember)
}

// Purge removes all that the records ever said from this database, and with the next
// sync from those of the other devices. It comes back from no log. What other copies
// hold, backups and what lies at remotes already, is out of its reach. Interrupted,
// the first of them are purged and the others are not.
func (v *Vault) Purge(ctx context.Context, ids []vault.RecordID) (sum vault.Purged, err error) {
	if err := v.MayPurge(ctx); err != nil {
		return sum, err
	}
	if err := v.announce(ctx, vault.ActionPurge); err != nil {
		return sum, err
	}
	const most = 500 // in one transaction
	for len(ids) > 0 {
		n, err := v.database.store.Purge(ctx, ids[:min(len(ids), most)], nil)
		sum.Contents += n.Contents
		sum.Attachments += n.Attachments
		if err != nil {
			return sum, explain(err, v.database.vfs.LastError())
		}
		ids = ids[min(len(ids), most):]
	}
	// The pages that held it are written over when they leave the write-ahead log.
	return sum, explain(v.database.store.Checkpoint(ctx), v.database.vfs.LastError())
}
