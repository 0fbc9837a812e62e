-- The next number of a person who shares one: <number>#2, #3, …
SELECT %(number)s::text || '#' || 1 + max(coalesce(CAST(nullif(split_part(known.key, '#', 2), '') AS int), 1))
FROM (
    SELECT %(number)s::text AS key
    UNION ALL
    SELECT key FROM ledger.link WHERE library = %(library)s AND resource IS NOT NULL AND starts_with(key, %(number)s::text || '#')
) AS known;
