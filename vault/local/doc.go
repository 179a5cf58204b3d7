// Package local is a vault on this machine: its folder, the one process that may
// have it open, and everything that is done to the vault as a whole: create,
// open, change the passphrase, bind to this device, back up, restore, drill.
//
// A vault is a folder (mode 0700) of four files (mode 0600): vault.key, the keys
// sealed under the passphrase; vault.db with vault.db-wal, encrypted page by
// page; lock, held by the operating system while a process has the vault open.
// While a vault is being made or restored its parts lie in the sub-folder new;
// vault.key appears last and makes it a vault.
//
// A folder, or a database, that this process cannot write opens for reading alone:
// what lies in the log is read from there, no byte changes, nothing is remembered,
// and every act that would write is vault.ErrReadOnly.
//
// It promises that what is cut off at any point (kill -9, a full disk) leaves
// the vault as it was before or as it is after, never in between; that a backup
// is checked before a byte of it is restored; that a database put back behind
// the owner's back is noticed (the anchor, see SECURITY.md); and that everything
// works without an OS keyring.
//
// It never writes anything readable, never prompts, and keeps no passphrase.
// Its errors say in one sentence what is wrong and carry no content of records.
package local
