-- Per item how many published values are not from their source, in one pass over library and claims: of those entities whose claims rulings
-- move, or of all others; of all rows, or of those that are open when sums have shown that sources claim what the library says.
SELECT
    {counts}
FROM {published} AS library
{joins}
WHERE library._key {asked} AND {open}
