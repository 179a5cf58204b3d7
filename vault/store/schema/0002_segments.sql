-- Segments: the log as it travels. A segment's entries are those of its log
-- from first to last; an empty one has last = first - 1.
CREATE TABLE segment(
	log   INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	hash  BLOB NOT NULL,            -- of the signed plaintext
	clock INTEGER NOT NULL,         -- Unix milliseconds, the writer's; display only
	first INTEGER NOT NULL,
	last  INTEGER NOT NULL,
	head  BLOB NOT NULL,            -- what was signed beside the entry headers
	PRIMARY KEY(log, seq)
) WITHOUT ROWID;
CREATE TABLE cited(                     -- what the own segments have cited of other logs
	log INTEGER PRIMARY KEY,
	seq INTEGER NOT NULL
);
CREATE TABLE sent(                      -- what a remote is known to hold
	remote TEXT NOT NULL,
	log    INTEGER NOT NULL,
	next   INTEGER NOT NULL,        -- the first segment that may be missing there
	PRIMARY KEY(remote, log)
) WITHOUT ROWID;
