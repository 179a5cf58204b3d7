package vault

import "time"

// Record is a record as it stands: its newest shown revision and where it
// belongs. Large attachments are not in memory; Vault.WriteJSON streams them.
type Record struct {
	ID       RecordID
	Source   string
	FullURL  string   // by which its Bundle called it, where that says more than type and id
	Patient  RecordID // the Patient it is about; zero when none or not known here
	Version  int      // revisions of it known here, from 1
	Deleted  bool
	Purged   bool  // Deleted, and nothing it ever said is here any more: Resource and Source are empty
	Conflict bool  // more than one head; the lowest revision id is shown
	Head     int64 // entry of the shown revision: what Edit and Delete say they saw
	Order    int64 // place in the order by date; a page goes on from it
	Resource Resource

	Snippet string // search only: a passage around the hit, the hits between \x02 and \x03
	Rank    int    // search only: 1 for the best hit
}

// Revision is one step in a record's history.
type Revision struct {
	ID      RevisionID
	Version int       // 1 is the oldest known here
	At      time.Time // for display only: when it was made, by the clock of its device; see Sent
	// Sent: At is when its device sent what holds it, by its clock, which may be days
	// later. What an earlier build on another device sent does not say when it was made.
	Sent    bool
	Device  [16]byte
	Parents []RevisionID
	Payload Hash
	Length  uint64
	Kind    Kind // KindPut or KindTombstone
	Entry   int64
	Orphan  bool // it follows a revision that is not in the history: a quarantined one
	// Gone: its content is not here. Purge says who removed it on purpose; nil while
	// that is only said to be so by whoever sent the rest.
	Gone  bool
	Purge *Purge
}
