-- When what other devices made was made is in the segments that bring it. Those that an
-- earlier build wrote do not say it: what came with them has the time of the segment.
ALTER TABLE batch ADD COLUMN sent INTEGER NOT NULL DEFAULT 0;   -- 1: at is that of the segment
UPDATE batch SET sent=1 WHERE log<>1 AND (log,last,at) IN (SELECT log,last,clock FROM segment);
