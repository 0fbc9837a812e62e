-- Rows whose key appears more than once in one delivery, with what becomes of each.
-- full: identical rows keep the first, different rows cannot be told apart and all go; change: the last word counts.
SELECT
    _line,
    CASE
        WHEN {change} AND _line < max(_line) OVER same_key THEN 'superseded_in_file'
        WHEN {change} THEN NULL
        WHEN min(_hash) OVER same_key <> max(_hash) OVER same_key THEN 'key_conflict'
        WHEN _line > min(_line) OVER same_key THEN 'duplicate_row'
    END AS reason,
    min(_line) OVER same_key AS first_line
FROM hashed
WHERE _key IS NOT NULL
WINDOW same_key AS (PARTITION BY _key)
QUALIFY count(*) OVER same_key > 1 AND reason IS NOT NULL
