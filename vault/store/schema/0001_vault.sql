-- The log: everything that happened, in order. Nothing here is ever changed,
-- save that a payload may be purged.
CREATE TABLE log(
	log    INTEGER PRIMARY KEY,     -- 1 is this device's own
	device BLOB NOT NULL,           -- 16 bytes
	number INTEGER NOT NULL,        -- log number of the device, from 0
	UNIQUE(device, number)
);
CREATE TABLE batch(                     -- one transaction of one log
	last  INTEGER PRIMARY KEY,      -- its last entry
	log   INTEGER NOT NULL,
	count INTEGER NOT NULL,         -- of entries, which are contiguous
	at    INTEGER NOT NULL,         -- the device's clock, Unix milliseconds; display only
	chain BLOB NOT NULL             -- hash of the log up to and with last
);
CREATE TABLE entry(
	entry   INTEGER PRIMARY KEY,
	kind    INTEGER NOT NULL,       -- vault.Kind
	record  INTEGER,                -- the record a put or tombstone is about
	about   BLOB,                   -- the record id of other entries' headers, when not zero
	parents BLOB,                   -- revision ids, 32 bytes each, sorted; NULL for none
	sha256  BLOB NOT NULL,          -- of the payload
	length  INTEGER NOT NULL        -- of the payload
);
CREATE INDEX entry_record ON entry(record) WHERE record IS NOT NULL;
CREATE TABLE payload(
	entry INTEGER PRIMARY KEY,
	body  BLOB NOT NULL             -- packed payload, see FORMAT.md
);

-- Views of the log.
CREATE TABLE word(                      -- resource types and sources
	word INTEGER PRIMARY KEY,
	text TEXT NOT NULL UNIQUE
);
CREATE TABLE record(
	record    INTEGER PRIMARY KEY,
	id        BLOB NOT NULL,        -- vault.RecordID
	type      INTEGER NOT NULL,     -- word
	source    INTEGER NOT NULL,     -- word
	subject   INTEGER,              -- subject
	doc       INTEGER NOT NULL,     -- day << 32 | record: the order by date, and the row in fts
	head      INTEGER NOT NULL,     -- entry of the revision that is shown
	revisions INTEGER NOT NULL,
	state     INTEGER NOT NULL      -- 0 live, 1 deleted, 2 more than one head
);
CREATE UNIQUE INDEX record_id ON record(id);
CREATE INDEX record_doc ON record(doc);
CREATE INDEX record_subject ON record(subject, doc);
CREATE INDEX record_type ON record(type, doc);
CREATE TABLE subject(                   -- each way in which a patient is referred to
	subject INTEGER PRIMARY KEY,
	source  INTEGER NOT NULL,       -- word
	ref     TEXT NOT NULL,
	record  INTEGER,                -- the Patient, once it is here
	UNIQUE(source, ref)
);
CREATE INDEX subject_record ON subject(record) WHERE record IS NOT NULL;
CREATE TABLE name(                      -- identifiers and full URLs, for references
	hash   INTEGER NOT NULL,
	record INTEGER NOT NULL,
	PRIMARY KEY(hash, record)
) WITHOUT ROWID;
CREATE TABLE url(                       -- Bundle.entry.fullUrl where it says more than type and id
	record INTEGER PRIMARY KEY,
	url    TEXT NOT NULL
);
CREATE VIRTUAL TABLE fts USING fts5(
	terms, content='', contentless_delete=1, detail=none, tokenize="ascii tokenchars '.'"
);
-- Merging is the program's to time, in small steps while nothing else is written;
-- a batch of an import makes one segment.
INSERT INTO fts(fts, rank) VALUES('automerge', 0);
INSERT INTO fts(fts, rank) VALUES('crisismerge', 256);
INSERT INTO fts(fts, rank) VALUES('hashsize', 8388608);
INSERT INTO fts(fts, rank) VALUES('pgsz', 4000); -- the default spills beside a page's reserved bytes

-- Attachments.
CREATE TABLE blob(
	blob   INTEGER PRIMARY KEY,
	sha256 BLOB UNIQUE,             -- NULL while being written
	size   INTEGER NOT NULL,
	entry  INTEGER                  -- that took it in; NULL: cited by no record, to be removed
);
CREATE TABLE chunk(
	chunk INTEGER PRIMARY KEY,      -- blob << 24 | index
	data  BLOB NOT NULL
);
