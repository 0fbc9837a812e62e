-- Keys that a ruling names get their ids on record, once.
INSERT INTO ledger.entity (library, key, entity_id)
SELECT %(library)s, named.key, ledger.entity_id(%(library)s, named.key)
FROM unnest(%(keys)s::text[]) AS named (key)
ON CONFLICT DO NOTHING;
