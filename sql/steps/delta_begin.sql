-- The first full delivery of a resource: every row of a bucket is new.
SELECT
    {items}, _key, 'I' AS _change, _line, _raw, _verdicts, _hash, CAST(NULL AS INTEGER) AS _old_bucket,
    CAST({number} AS INTEGER) AS _bucket
FROM {rows}
WHERE _line NOT IN (SELECT _line FROM without)
