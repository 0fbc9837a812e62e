SELECT entity, {items}, _records, _batch, _line, _as_of
FROM (
    SELECT
        entity, {items}, _batch, _line, _as_of,
        count(*) OVER (PARTITION BY entity) AS _records,
        row_number() OVER (PARTITION BY entity ORDER BY {latest} DESC NULLS LAST, _key DESC) AS _rank
    FROM ({rows}) AS every
) AS ranked
WHERE _rank = 1
