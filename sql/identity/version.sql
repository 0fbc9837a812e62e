-- The last ruling that changed what an entity of the library is.
SELECT coalesce(max(ruling.ruling_id), 0)
FROM ledger.link_ruling AS ruling
INNER JOIN ledger.link USING (link_id)
WHERE link.library = %(library)s;
