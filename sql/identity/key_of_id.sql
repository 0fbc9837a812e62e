-- The key of an id that rulings know.
SELECT library, key FROM ledger.entity WHERE entity_id = %(entity_id)s;
