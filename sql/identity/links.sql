-- Links in one state. Without the duty to check data (%(plain)s false) numbers are masked, and what was said about them.
SELECT
    link_id, library, resource,
    CASE WHEN %(plain)s THEN alias ELSE share.mask_identifier(alias) END AS alias,
    CASE WHEN %(plain)s THEN key ELSE share.mask_identifier(key) END AS key,
    method, probability,
    CASE WHEN %(plain)s THEN why ELSE share.mask_text(why) END AS why,
    CASE WHEN %(plain)s THEN evidence ELSE '{{}}' END AS evidence,
    proposed_by, proposed_at, state, ruled_by, ruled_at,
    CASE WHEN %(plain)s THEN reason ELSE share.mask_text(reason) END AS reason
FROM ledger.link_now
WHERE (%(library)s::text IS NULL OR library = %(library)s) AND (%(state)s::text IS NULL OR state = %(state)s)
ORDER BY probability DESC NULLS FIRST, link_id
LIMIT %(limit)s;
