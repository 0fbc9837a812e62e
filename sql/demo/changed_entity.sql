-- An entity of which an open item says something else than before, and the day before it changed.
SELECT new._key, old.valid_from
FROM {history} AS new
JOIN {history} AS old ON old._key = new._key AND old.valid_from < new.valid_from
WHERE new._op = 'U' AND old._op <> 'D' AND ({changed})
ORDER BY new.recorded_at DESC, new._key, old.valid_from DESC
LIMIT 1;
