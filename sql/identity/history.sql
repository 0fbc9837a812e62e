-- Every link of a key, as alias, as what remains, or of a row that speaks of it, with every ruling, oldest first.
SELECT link.link_id, link.resource, link.alias, link.key, link.method, link.probability, link.why, link.proposed_by, link.proposed_at,
    ruling.verdict, ruling.ruled_by, ruling.reason, ruling.ruled_at
FROM ledger.link
LEFT JOIN ledger.link_ruling AS ruling USING (link_id)
WHERE link.library = %(library)s AND %(key)s IN (link.alias, link.key)
ORDER BY link.link_id, ruling.ruling_id;
