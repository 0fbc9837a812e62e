-- What was proposed or ruled about the identity of the entity: it speaks for others, others for it, rows were given to it or taken away.
SELECT link_id, resource, alias, key, method, probability, why, state, proposed_by, proposed_at, ruled_by, ruled_at, reason
FROM ledger.link_now
WHERE library = %(library)s AND (key = %(key)s OR alias = %(key)s)
ORDER BY link_id;
