-- The contents that purges which stand name, and those that came as removed on
-- purpose without any: a view of the log, but for the latter.
CREATE TABLE purge(
	record BLOB NOT NULL,           -- vault.RecordID
	sha256 BLOB NOT NULL,           -- of the payload
	entry  INTEGER NOT NULL,        -- the purge; 0: none is known
	PRIMARY KEY(record, sha256, entry)
) WITHOUT ROWID;
CREATE INDEX entry_blob ON entry(about) WHERE kind=5;
