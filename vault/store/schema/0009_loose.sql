-- What a killed process left is looked for at each opening: it must not cost a look at
-- every attachment.
CREATE INDEX blob_loose ON blob(blob) WHERE entry IS NULL;
