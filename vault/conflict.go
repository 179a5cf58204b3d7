package vault

import (
	"context"
	"fmt"
)

// Heads are the versions of a record that count at once, by version: one, unless
// it was changed apart on two devices. Versions with the same content are one. A
// Deleted one stands for a deletion, and shows what was deleted.
func (v *Vault) Heads(ctx context.Context, id RecordID) (heads []Record, err error) {
	history, err := v.p.Store.History(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, r := range HeadsOf(history) {
		rec, err := v.p.Store.At(ctx, id, r.Version)
		if err != nil {
			return nil, err
		}
		heads = append(heads, rec)
	}
	v.audit.note(ActionRead, id)
	return heads, nil
}

// HeadsOf are those of a record's revisions that no other follows; of several with
// the same content the first.
func HeadsOf(history []Revision) (heads []Revision) {
	followed := map[RevisionID]bool{}
	for _, r := range history {
		for _, p := range r.Parents {
			followed[p] = true
		}
	}
	seen := map[Hash]bool{}
	for _, r := range history {
		if !followed[r.ID] && !seen[r.Payload] {
			seen[r.Payload] = true
			heads = append(heads, r)
		}
	}
	return heads
}

// Settle ends a conflict: keep becomes what follows every version that counted,
// here and, with the next sync, everywhere. The record is given as it was read;
// ErrChanged when it moved on since, ErrUsage when it is in no conflict. To end a
// conflict by a deletion, use Delete.
func (v *Vault) Settle(ctx context.Context, old Record, keep *Resource) (Record, error) {
	switch {
	case !old.Conflict:
		return Record{}, fmt.Errorf("%w: the record is in no conflict", ErrUsage)
	case keep.Type != old.Resource.Type || keep.ID != old.Resource.ID:
		return Record{}, fmt.Errorf("%w: what is kept has the record's resourceType and id", ErrUsage)
	}
	base := old.Head
	return v.put(ctx, &Put{ID: old.ID, Source: old.Source, Resource: keep, Base: &base, Resolves: true}, ActionEdit)
}
