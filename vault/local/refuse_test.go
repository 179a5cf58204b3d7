package local

import (
	"slices"
	"testing"

	"phivault/vault"
)

// TestARefusedOpenChangesNothing: what is refused may be the only copy of the
// commits in its log.
func TestARefusedOpenChangesNothing(t *testing.T) {
	w := newWorld(t)
	v := w.create()
	addPatient(t, v.Vault, 1)
	early := copyFolder(t, w.dir)
	addPatient(t, v.Vault, 2)
	w.close(v)
	if len(early[walName]) == 0 {
		t.Fatal("there is no log")
	}
	for name, put := range map[string]folder{"with its log": early, "its log lost": early.change(walName, nil)} {
		put.put(t, w.dir)
		t.Log(name, w.fails(pass, vault.ErrIntegrity))
		now := copyFolder(t, w.dir)
		for _, f := range []string{dbName, walName, keyName} {
			if !slices.Equal(now[f], put[f]) || (now[f] == nil) != (put[f] == nil) {
				t.Errorf("%s: %s changed from %d to %d bytes", name, f, len(put[f]), len(now[f]))
			}
		}
	}
	early.put(t, w.dir)
	w.o.AcceptOlder = true
	wantPatients(t, w.open(), 1)
}
