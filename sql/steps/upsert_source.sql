INSERT INTO {table} ({columns}, _batch, _as_of)
SELECT {columns}, %(batch)s, %(as_of)s FROM delta
WHERE _change <> 'D'
ON CONFLICT (_key) DO UPDATE SET {changes}, _batch = excluded._batch, _as_of = excluded._as_of;
