-- Of two items that only mean something together one is missing.
SELECT _line AS line, concat_ws(' / ', coalesce({item}::text, '∅'), coalesce({other}::text, '∅')) AS value
FROM {delta} AS delta
WHERE ({item} IS NULL) <> ({other} IS NULL)
