INSERT INTO {history} ({columns}, _op, _run, valid_from)
SELECT {columns}, _op::"char", %(run)s, %(as_of)s FROM delta;
