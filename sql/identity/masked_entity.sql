-- What a key is (entity.sql) for those who do not check data: ids are told, numbers are not.
SELECT
    share.mask_identifier(%(key)s) AS key,
    ledger.entity_id(%(library)s, %(key)s) AS own_id,
    share.mask_identifier(found.entity) AS entity,
    ledger.entity_id(%(library)s, found.entity) AS entity_id,
    ARRAY(
        SELECT share.mask_identifier(alias) FROM ledger.alias_now WHERE library = %(library)s AND entity = found.entity ORDER BY alias
    ) AS aliases
FROM (
    SELECT coalesce(
        (SELECT entity FROM ledger.alias_now WHERE library = %(library)s AND alias = %(key)s), %(key)s
    ) AS entity
) AS found;
