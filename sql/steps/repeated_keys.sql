-- Rows whose key appears more than once in one delivery, with what becomes of each. `repeated`: marks of keys that may appear twice.
-- full: identical rows keep the first, different rows cannot be told apart and all go; change: the last word counts.
WITH hashed AS (SELECT _key, _hash, _line FROM :rows SEMI JOIN repeated ON repeated._mark = hash(_key))

SELECT
    _line,
    CASE
        WHEN {change} AND _line < max(_line) OVER same_key THEN 'superseded_in_file'
        WHEN {change} THEN NULL
        WHEN min(_hash) OVER same_key <> max(_hash) OVER same_key THEN 'key_conflict'
        WHEN _line > min(_line) OVER same_key THEN 'duplicate_row'
    END AS reason,
    min(_line) OVER same_key AS first_line,
    _key
FROM hashed
WHERE _key IS NOT NULL
WINDOW same_key AS (PARTITION BY _key)
QUALIFY count(*) OVER same_key > 1 AND reason IS NOT NULL
ORDER BY _line
