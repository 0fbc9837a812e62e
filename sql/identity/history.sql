-- Every link of a key, as alias, as what remains, or of a row that speaks of it, with every ruling, oldest first. Without the duty to check
-- data (%(plain)s false) numbers are masked, and what was said about them.
SELECT
    link.link_id, link.resource,
    CASE WHEN %(plain)s THEN link.alias ELSE share.mask_identifier(link.alias) END AS alias,
    CASE WHEN %(plain)s THEN link.key ELSE share.mask_identifier(link.key) END AS key,
    link.method, link.probability,
    CASE WHEN %(plain)s THEN link.why ELSE share.mask_text(link.why) END AS why,
    link.proposed_by, link.proposed_at, ruling.verdict, ruling.ruled_by,
    CASE WHEN %(plain)s THEN ruling.reason ELSE share.mask_text(ruling.reason) END AS reason,
    ruling.ruled_at
FROM ledger.link
LEFT JOIN ledger.link_ruling AS ruling USING (link_id)
WHERE link.library = %(library)s AND %(key)s IN (link.alias, link.key)
ORDER BY link.link_id, ruling.ruling_id;
