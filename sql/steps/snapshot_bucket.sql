-- One bucket of the next snapshot: what stays, and what the delta brings; a deletion stays as a tombstone.
SELECT {items}, _key, _line, _batch, _as_of, _raw, _verdicts, _hash, _deleted, _bucket
FROM old
WHERE _bucket = {number} AND _key NOT IN (SELECT _key FROM delta)
UNION ALL
SELECT
    {items}, _key, _line, CAST({batch} AS BIGINT) AS _batch, DATE '{business_date}' AS _as_of, _raw, _verdicts,
    _hash, _change IN ('D', 'T') AS _deleted, _bucket
FROM delta
WHERE _bucket = {number}
