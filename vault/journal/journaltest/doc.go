// Package journaltest makes vaults of several devices in memory and on temporary
// files, for tests: founding, enrolling, editing, syncing over any remote,
// crashing, and putting an old copy of a device's database back.
//
// Its databases are not encrypted; nothing of it may be used outside tests.
package journaltest
