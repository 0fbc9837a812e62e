-- How many entities are published, and per item how many of their values are not from their source, in one pass over library and claims.
-- Entities that a steward merged or parted are left out: their claims stand under other numbers too, which the views by number do not follow.
SELECT
    count(*) AS published{counts}
FROM {published} AS library
{joins}
WHERE library._key NOT IN (SELECT ruled.key FROM ledger.entity AS ruled WHERE ruled.library = {library})
    AND split_part(library._key, '#', 1) NOT IN (SELECT ruled.key FROM ledger.entity AS ruled WHERE ruled.library = {library})
