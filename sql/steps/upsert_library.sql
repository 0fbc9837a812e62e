INSERT INTO {table} ({columns}, _run, _as_of)
SELECT {columns}, %(run)s, %(as_of)s FROM delta
WHERE _op <> 'D'
ON CONFLICT (_key) DO UPDATE SET {changes}, _run = excluded._run, _as_of = excluded._as_of;
