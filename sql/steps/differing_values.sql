SELECT replayed._key, replayed.{item}::text, known.{item}::text
FROM replayed INNER JOIN known ON replayed._key = known._key
WHERE replayed.{item} IS DISTINCT FROM known.{item}
ORDER BY replayed._key
LIMIT %(most)s;
