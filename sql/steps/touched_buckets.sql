-- Buckets that the delta touches, and by how many rows each of them grows.
SELECT number, CAST(sum(grown) AS BIGINT) AS grown
FROM (
    SELECT _bucket AS number, CASE WHEN _old_bucket = _bucket THEN 0 ELSE 1 END AS grown FROM delta
    UNION ALL
    SELECT _old_bucket, CASE WHEN _old_bucket = _bucket THEN 0 ELSE -1 END FROM delta WHERE _old_bucket IS NOT NULL
) AS step
GROUP BY number
ORDER BY number
