-- What reading one record would otherwise fetch from the pages of other tables: the hash
-- of what its head says, and the id of the patient that a reference means. NULL: they are
-- read there.
ALTER TABLE record ADD COLUMN sum BLOB;         -- entry.sha256 of head
ALTER TABLE subject ADD COLUMN patient BLOB;    -- record.id of record
UPDATE subject SET patient=(SELECT id FROM record r WHERE r.record=subject.record) WHERE record IS NOT NULL;
