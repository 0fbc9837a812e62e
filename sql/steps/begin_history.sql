INSERT INTO {history} ({columns}, _op, _run, valid_from)
SELECT {columns}, 'I', _run, _as_of FROM {library};
