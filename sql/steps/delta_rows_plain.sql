-- What is new, changed or gone between two sets of keyed and hashed rows.
SELECT
    coalesce(new._key, old._key) AS _key,
    CASE WHEN new._key IS NULL THEN 'D' WHEN old._key IS NULL THEN 'I' ELSE 'U' END AS _op,
    {columns}
FROM new FULL JOIN old ON new._key = old._key
WHERE new._hash IS DISTINCT FROM old._hash
