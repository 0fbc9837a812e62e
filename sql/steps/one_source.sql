-- How many entities are published, and per item how many of their values are not from their source, in one pass over library and claims:
-- of those whose claims rulings move, or of all others.
SELECT
    count(*) AS published{counts}
FROM {published} AS library
{joins}
WHERE library._key {asked}
