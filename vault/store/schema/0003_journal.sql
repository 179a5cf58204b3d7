-- What the journal keeps beside the log: see vault.JournalState.
CREATE TABLE journal(
	key   TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;
