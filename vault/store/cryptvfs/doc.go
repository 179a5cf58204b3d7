// Package cryptvfs is a writable SQLite VFS for modernc.org/sqlite that
// encrypts and authenticates every page of a database and every frame of its
// write-ahead log.
//
// It promises that nothing SQLite hands it reaches the disk in the clear; that
// what is read back was written under the same key, for the same vault, page
// size and place, or the read fails (see [IsAuth]); that a commit SQLite
// acknowledged with synchronous=FULL survives a crash; and that a log which
// was cut or altered before its last durable transaction is an error, never a
// silent return to an older state. What it cannot notice is written down in
// vault/FORMAT.md: an old page put back in its own place, the loss of the whole
// log, the return of a whole older file.
//
// It opens a main database and its log and nothing else: a rollback journal,
// a temporary file or a super-journal is refused, so that a forgotten
// temp_store or an ATTACH fails instead of writing plaintext. Callers need
// temp_store=MEMORY. Locks and the WAL index live in the memory of this
// process: the caller must keep other processes away with a lock of its own.
//
// It never uses memory-mapped I/O, never writes a -shm file, never repairs,
// and never puts a path, a key or content into an error.
package cryptvfs
