-- What is new, changed or gone between two sets of keyed rows; of a row that is gone the old values: whoever closes it must know what it was.
SELECT
    CASE WHEN {new_key} IS NULL THEN 'D' WHEN {old_key} IS NULL THEN 'I' {kinds} END AS _op,
    {columns}
FROM new FULL JOIN old ON {same_key}
WHERE {new_key} IS NULL OR {old_key} IS NULL OR {differs}
