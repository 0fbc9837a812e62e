-- The first rows of a resource, as its suite has seen them: the server copies them faster than it parses them a second time.
INSERT INTO {table} ({columns}, _batch, _as_of)
SELECT {columns}, %(batch)s, %(as_of)s
FROM {staging} AS judged
WHERE NOT EXISTS (SELECT FROM ledger.quarantine AS aside WHERE aside.batch_id = %(batch)s AND aside.line = judged._line)
ON CONFLICT DO NOTHING
