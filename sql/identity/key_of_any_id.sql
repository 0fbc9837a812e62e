-- The published key that an id was made of.
SELECT ledger.key_of(%(library)s, %(entity_id)s);
