-- The words that fts may hold, so that a beginning becomes the few words that it
-- stands for: FTS5 would gather every row of each before it gives the first.
-- A word may outlive its last record.
CREATE TABLE vocabulary(
	word TEXT PRIMARY KEY
) WITHOUT ROWID;
-- It is a view of the log: a vault that has records makes its views anew when
-- it is opened.
INSERT INTO meta(key, value) VALUES('rebuild', 0) ON CONFLICT(key) DO UPDATE SET value=0;
DELETE FROM subject;
DELETE FROM name;
DELETE FROM url;
INSERT INTO fts(fts) VALUES('delete-all');
