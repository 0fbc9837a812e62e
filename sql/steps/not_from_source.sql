-- Values of one item that are neither the claim of its one source nor, where that claims nothing, of the first fallback that does, or whose mark
-- (_filled) says something else than what happened.
count(*) FILTER (
    WHERE library.{item} IS DISTINCT FROM coalesce({source}, {fallback})
    OR library._filled ->> {item_name} IS DISTINCT FROM CASE WHEN {source} IS NULL THEN {fallback_from} END
)
