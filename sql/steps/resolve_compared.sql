-- Does each claim agree with the published value? Null where there is nothing to compare.
SELECT *, {agreements} FROM ({joined}) AS joined
