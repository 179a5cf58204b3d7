package local

import (
	"context"

	"phivault/vault"
)

// Asides gives what removed devices wrote after their cut-off: kept, and without
// effect.
func (v *Vault) Asides(ctx context.Context) ([]vault.Aside, error) {
	return v.database.store.Asides(ctx)
}

// Kept counts those entries, and others of no record, by device.
func (v *Vault) Kept(ctx context.Context) (map[[16]byte]int64, error) {
	return v.database.store.Kept(ctx)
}

// Aside gives a record as a removed device wrote it.
func (v *Vault) Aside(ctx context.Context, a vault.Aside) (vault.Record, error) {
	return v.database.store.Aside(ctx, a.Entry)
}

// Adopt writes what removed devices wrote into this device's log, where it counts,
// and with the next sync for everybody. It gives how many entries that were; what
// counts already is left out.
func (v *Vault) Adopt(ctx context.Context, as []vault.Aside) (int, error) {
	if err := v.announce(ctx, vault.ActionAdopt); err != nil {
		return 0, err
	}
	const most = 1000 // in one transaction
	sum := 0
	for len(as) > 0 {
		var entries []int64
		for _, a := range as[:min(len(as), most)] {
			entries = append(entries, a.Entry)
		}
		n, err := v.database.store.Adopt(ctx, entries, nil)
		if sum += n; err != nil {
			return sum, explain(err, v.database.vfs.LastError())
		}
		as = as[len(entries):]
	}
	return sum, nil
}
