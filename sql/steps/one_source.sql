-- Entities whose published value is neither the claim of its one source nor, where that claims nothing, of the first fallback that does,
-- or whose mark (_filled) says something else than what happened.
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
) AS claimed
WHERE value IS DISTINCT FROM coalesce(source_value, fallback_value)
    OR filled IS DISTINCT FROM CASE WHEN source_value IS NULL THEN fallback_from END
