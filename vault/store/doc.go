// Package store keeps a vault in one SQLite file: the log of entries with their
// payloads, and the tables and the full-text index that are views of it.
//
// It promises that a batch is applied whole or not at all and is durable when
// Append returns, or Load says so, that no revision is ever overwritten, that what is read back
// hashes to what was written, and that every view can be built again from the
// log. It implements vault.Store, Loader, Index, Blobs, Log and Checker.
//
// It never encrypts (the VFS underneath does), never touches the network, and
// never decides anything by a clock. Its errors carry ids and table names only.
package store
