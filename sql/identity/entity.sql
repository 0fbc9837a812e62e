-- What a key is: the key that remains of it, the ids of both, and every other key that is the same entity.
SELECT
    %(key)s::text AS key,
    ledger.entity_id(%(library)s, %(key)s) AS own_id,
    found.entity,
    ledger.entity_id(%(library)s, found.entity) AS entity_id,
    ARRAY(SELECT alias FROM ledger.alias_now WHERE library = %(library)s AND entity = found.entity ORDER BY alias) AS aliases
FROM (
    SELECT coalesce(
        (SELECT entity FROM ledger.alias_now WHERE library = %(library)s AND alias = %(key)s), %(key)s
    ) AS entity
) AS found;
