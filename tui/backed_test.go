package tui_test

import (
	"path/filepath"
	"testing"

	"phivault/crypto/secret"
	"phivault/vault/local"
)

// The settings say whether there is a backup, and how to make one.
func TestTheSettingsSayWhenTheLastBackupWasMade(t *testing.T) {
	o := sample(t)
	s := sit(t, o).Unlock(passphrase).Press("S").Expect("No backup of this copy of the vault is known.", "phivault backup FILE").Press("esc")
	p := secret.FromBytes([]byte(passphrase))
	defer p.Destroy()
	if _, err := o.open.Backup(t.Context(), filepath.Join(t.TempDir(), "b"), local.BackupOptions{Passphrase: p}); err != nil {
		t.Fatal(err)
	}
	s.Press("S").Expect("Last backup: 30-Jun-2026 12:00", "since.", "phivault backup FILE").Refuse("No backup")
}

func TestALineSessionSaysWhenTheLastBackupWasMade(t *testing.T) {
	r, _, _ := talk(t, sample(t), passphrase, "10", "0", "0")
	r.expect("No backup of this copy of the vault is known.")
}
