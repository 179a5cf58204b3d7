-- What a line of a list shows of a record, so that lists and trends need not read
-- the payload: see FORMAT.md. NULL: it is read from there.
ALTER TABLE record ADD COLUMN brief BLOB;
CREATE TABLE phrase(                    -- what briefs have in common
	phrase INTEGER PRIMARY KEY,
	data   BLOB NOT NULL UNIQUE
);
-- It is a view of the log: a vault that has records makes its views anew when it
-- is opened.
INSERT INTO meta(key, value) VALUES('rebuild', 0) ON CONFLICT(key) DO UPDATE SET value=0;
DELETE FROM subject;
DELETE FROM name;
DELETE FROM url;
DELETE FROM vocabulary;
INSERT INTO fts(fts) VALUES('delete-all');
