-- One bucket of the next snapshot, whole: what stays, and what the delta brings; a deletion stays as a tombstone.
SELECT {items}, _key, _line, _batch, _as_of, _raw, _verdicts, _hash, _deleted, _bucket
FROM old
WHERE _bucket = {number} AND _key NOT IN (SELECT _key FROM delta)
UNION ALL
SELECT * FROM ({brought}) AS brought
WHERE _bucket = {number}
