SELECT {on} AS entity, {items}, _key, _batch, _line, _as_of
FROM {table}
