INSERT INTO ledger.link (library, resource, alias, key, method, why, evidence, proposed_by)
VALUES (%(library)s, %(resource)s, %(alias)s, %(key)s, 'steward', %(why)s, %(evidence)s, %(by)s)
RETURNING link_id;
