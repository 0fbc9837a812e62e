WITH changed AS (
    MERGE INTO {table} AS live USING delta ON live._key = delta._key
    WHEN MATCHED AND delta._change = 'D' THEN DELETE
    WHEN MATCHED THEN UPDATE SET {changes}, _batch = %(batch)s, _as_of = %(as_of)s
    WHEN NOT MATCHED AND delta._change <> 'D' THEN INSERT ({columns}, _batch, _as_of) VALUES ({values}, %(batch)s, %(as_of)s)
    RETURNING left(merge_action(), 1) AS action
)
SELECT action, count(*) FROM changed GROUP BY action;
