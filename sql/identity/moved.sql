-- Keys whose entities a ruling after %(since)s has changed: both ends of the link, and everything that is or was joined to them;
-- of a row that went to a second person also the number it has left.
WITH RECURSIVE reached AS (
    SELECT unnest(ARRAY[link.alias, link.key]) AS key
    FROM ledger.link
    INNER JOIN ledger.link_ruling AS ruling USING (link_id)
    WHERE link.library = %(library)s AND link.resource IS NULL AND ruling.ruling_id > %(since)s
    UNION
    SELECT CASE WHEN link.alias = reached.key THEN link.key ELSE link.alias END
    FROM reached
    INNER JOIN ledger.link ON link.library = %(library)s AND link.resource IS NULL AND reached.key IN (link.alias, link.key)
    WHERE EXISTS (SELECT FROM ledger.link_ruling AS ruling WHERE ruling.link_id = link.link_id)
)

SELECT key FROM reached
UNION
SELECT unnest(ARRAY[link.key, split_part(link.key, '#', 1)])
FROM ledger.link
INNER JOIN ledger.link_ruling AS ruling USING (link_id)
WHERE link.library = %(library)s AND link.resource IS NOT NULL AND ruling.ruling_id > %(since)s
ORDER BY key;
