-- The full-text index has each live record under its place in the order by date, and
-- each type as a term: lists by date read it, and need no index of their own. Both were
-- written in an order that no input has.
DROP INDEX record_doc;
DROP INDEX record_type;
-- What is not there: deleted records; and those in conflict, to be found at once.
CREATE INDEX record_odd ON record(state, doc) WHERE state<>0;
