-- The current rows of a resource as the lake writes them.
SELECT {items}, _key, _line, _batch, _as_of, _raw, _verdicts, _hash, false AS _deleted
FROM {table} AS kept
