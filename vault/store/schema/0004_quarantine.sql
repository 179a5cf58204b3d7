-- What a removed device wrote after its cut-off is kept and has no effect: its
-- puts and tombstones are not linked to a record.
ALTER TABLE segment ADD COLUMN out INTEGER NOT NULL DEFAULT 0;  -- 1: quarantined
ALTER TABLE batch ADD COLUMN out INTEGER NOT NULL DEFAULT 0;
CREATE INDEX entry_about ON entry(about) WHERE record IS NULL AND kind<=2;
CREATE INDEX batch_out ON batch(last) WHERE out=1;
