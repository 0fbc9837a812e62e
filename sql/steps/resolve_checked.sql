-- Does each claim agree with the published value? Null where there is nothing to compare.
CREATE OR REPLACE TEMP TABLE checked AS
SELECT *, {agreements} FROM joined
