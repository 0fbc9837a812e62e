-- A bucket written anew: what did not change, and what did.
SELECT 'I' AS _op, {columns} FROM (:old) AS live
WHERE _op IS DISTINCT FROM 'D' AND NOT EXISTS (SELECT 1 FROM {change} AS brought WHERE {same_key})
UNION ALL
SELECT 'I' AS _op, {columns} FROM {change} AS brought WHERE _op <> 'D'
