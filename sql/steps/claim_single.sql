SELECT {on} AS entity, {items}, CAST(1 AS bigint) AS _records, _batch, _line, _as_of
FROM {table}
WHERE {on} IS NOT NULL
