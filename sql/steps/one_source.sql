-- Entities whose published value is neither the claim of its one source nor, where that claims nothing, of the first fallback that does,
-- or whose mark (_filled) says something else than what happened. Entities that a steward merged or parted are left out: their claims stand
-- under other numbers too, which the views by number do not follow.
SELECT entity, value, source_value, fallback_value, filled
FROM (
    SELECT
        library._key AS entity,
        library.{item} AS value,
        library._filled ->> {item_name} AS filled,
        {source} AS source_value,
        {fallback} AS fallback_value,
        {fallback_from} AS fallback_from
    FROM {batch} AS library
    {joins}
    WHERE NOT EXISTS (
        SELECT FROM ledger.entity AS ruled WHERE ruled.library = {library} AND ruled.key IN (library._key, split_part(library._key, '#', 1))
    )
) AS claimed
WHERE value IS DISTINCT FROM coalesce(source_value, fallback_value)
    OR filled IS DISTINCT FROM CASE WHEN source_value IS NULL THEN fallback_from END
