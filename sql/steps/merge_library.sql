-- The delta into the current rows and, version by version, into the history: one statement that says what it really did.
WITH changed AS (
    MERGE INTO {library} AS live USING delta ON live._key = delta._key
    WHEN MATCHED AND delta._op = 'D' THEN DELETE
    WHEN MATCHED THEN UPDATE SET {changes}, _run = %(run)s, _as_of = %(as_of)s
    WHEN NOT MATCHED AND delta._op <> 'D' THEN INSERT ({columns}, _run, _as_of) VALUES ({values}, %(run)s, %(as_of)s)
    RETURNING left(merge_action(), 1) AS action, delta.*
),
kept AS (
    INSERT INTO {history} ({columns}, _op, _run, valid_from)
    SELECT {columns}, action::"char", %(run)s, %(as_of)s FROM changed
)
SELECT action, count(*) FROM changed GROUP BY action;
