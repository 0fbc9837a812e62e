-- Rows with the entity that they speak of by what stewards ruled; `_own`: it is the one that they name themselves.
SELECT
    coalesce(alias.entity, spoken.said) AS entity, spoken.named = coalesce(alias.entity, spoken.said) AS _own,
    {items}, _key, _batch, _line, _as_of
FROM (
    SELECT linked.entity AS named, coalesce(ruled.entity, linked.entity) AS said, {linked_items}, linked._key, linked._batch,
        linked._line, linked._as_of
    FROM ({linked}) AS linked
    LEFT JOIN ruled_rows AS ruled ON ruled.resource = {resource} AND ruled.row_key = linked._key
) AS spoken
LEFT JOIN aliases AS alias ON alias.alias = spoken.said
WHERE spoken.said IS NOT NULL
