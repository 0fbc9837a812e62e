-- The current rows of a library as the lake writes them; `_filled` in the order in which the catalog names the items, without spaces.
SELECT
    'I' AS _op, _key, {items},
    (
        SELECT '{{' || string_agg(to_json(key)::text || ':' || value::text, ',' ORDER BY array_position(%(items)s::text[], key)) || '}}'
        FROM jsonb_each(_filled)
    ) AS _filled
FROM {table} AS kept
