package journal

import "phivault/sync/engine"

var _ engine.Teller = (*Journal)(nil)

// Tally counts what the present sync with a remote, or the last one, put there
// and applied from there; see engine.Teller.
func (j *Journal) Tally(name string) (pushed, pulled engine.Tally) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if se := j.syncs[name]; se != nil {
		return se.pushed, se.pulled
	}
	return pushed, pulled
}

func count(t *engine.Tally, entries int) {
	t.Segments++
	t.Entries += entries
}
