-- What the files that can still be read say of rows that are gone, where nothing current contradicts it; of every key the latest word.
SELECT * EXCLUDE (_bucket)
FROM :rows
WHERE _deleted AND _key NOT IN (SELECT _key FROM kept)
QUALIFY row_number() OVER (PARTITION BY _key ORDER BY _as_of DESC, _batch DESC) = 1
