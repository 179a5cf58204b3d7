package folder

import "phivault/sync/remote"

// Weaken makes r behave as on a file system without hard links.
func (r *Remote) Weaken() { r.strength = remote.Weak }
