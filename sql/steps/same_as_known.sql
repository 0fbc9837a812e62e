-- Keys of a sample that are live already: how many hold a value of the item there, and how many the same value as the sample.
SELECT
    count(*) AS known,
    count(*) FILTER (WHERE CAST(live.{item} AS VARCHAR) = sample.value) AS same
FROM sample
INNER JOIN :live AS live ON sample._key = live._key
WHERE NOT live._deleted AND live.{item} IS NOT NULL AND sample.value IS NOT NULL
