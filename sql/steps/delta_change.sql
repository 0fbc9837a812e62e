-- A change delivery against the live snapshot. A row that is older than what is known says nothing. The warehouse takes I, U and D; the lake
-- also keeps T, a deletion of what is not there, and S, the same said again: a late word must not win over either.
SELECT
    new._key,
    CASE
        WHEN new._op = 'D' AND (old._key IS NULL OR old._deleted) THEN 'T'
        WHEN new._op = 'D' THEN 'D'
        WHEN old._key IS NULL OR old._deleted THEN 'I'
        WHEN old._hash = new._hash THEN 'S'
        ELSE 'U'
    END AS _change,
    old._bucket AS _old_bucket{links}
FROM new LEFT JOIN old ON new._key = old._key
WHERE
    old._key IS NULL OR old._as_of < DATE '{business_date}'
    OR (old._as_of = DATE '{business_date}' AND old._batch < {batch})
