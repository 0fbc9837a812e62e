-- The published key that an id was made of: every key is tried, as an id does not tell its key.
SELECT _key FROM {published} WHERE ledger.entity_id(%(library)s, _key) = %(entity_id)s LIMIT 1;
