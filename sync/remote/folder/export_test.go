package folder

import (
	"time"

	"phivault/sync/remote"
)

// Weaken makes r behave as on a file system without hard links.
func (r *Remote) Weaken() { r.strength = remote.Weak }

// Sweep removes what is too old at that time of the folder's.
func (r *Remote) Sweep(now time.Time) { r.sweep(now) }

// Stamp is the folder's time as a probe shows it.
func (r *Remote) Stamp() time.Time {
	_, now := r.links()
	return now
}
