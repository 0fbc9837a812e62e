-- A full delivery against the live snapshot: what is new, changed, back or gone. A key that was set aside is not gone.
SELECT
    coalesce(new._key, old._key) AS _key,
    CASE
        WHEN new._key IS NULL THEN 'D'
        WHEN old._key IS NULL OR old._deleted THEN 'I'
        ELSE 'U'
    END AS _change,
    old._bucket AS _old_bucket{links}
FROM new FULL JOIN old ON new._key = old._key
WHERE
    CASE
        WHEN new._key IS NULL THEN NOT old._deleted AND old._key NOT IN (SELECT _key FROM withheld)
        ELSE old._key IS NULL OR old._deleted OR old._hash <> new._hash
    END
