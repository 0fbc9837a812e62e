-- What the delta changes in one bucket: rows that come or change, tombstones, and rows that now lie in another bucket and hide the older ones.
SELECT
    {items}, _key, _line, CAST({batch} AS BIGINT) AS _batch, DATE '{business_date}' AS _as_of, _raw, _verdicts,
    _hash, _change IN ('D', 'T') AS _deleted, _bucket
FROM delta
WHERE _bucket = {number} OR _old_bucket = {number}
