-- A change delivery against the live snapshot. A row that is older than what is known says nothing; T: a deletion of a key never seen,
-- kept as a tombstone so that a late insertion does not bring it back.
SELECT
    new._key,
    CASE
        WHEN new._op = 'D' AND (old._key IS NULL OR old._deleted) THEN 'T'
        WHEN new._op = 'D' THEN 'D'
        WHEN old._key IS NULL OR old._deleted THEN 'I'
        ELSE 'U'
    END AS _change,
    old._bucket AS _old_bucket
FROM new LEFT JOIN old ON new._key = old._key
WHERE
    (old._key IS NULL OR old._as_of <= DATE '{business_date}')
    AND CASE
        WHEN new._op = 'D' THEN old._key IS NULL OR NOT old._deleted
        ELSE old._key IS NULL OR old._deleted OR old._hash <> new._hash
    END
