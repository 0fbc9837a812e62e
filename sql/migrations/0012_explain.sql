-- Explaining one entity finds what it needs by index, however much there is.

-- Which entity a read asked for, where it names one: who looked at a person is a look-up and no search through statements.
ALTER TABLE ledger.access ADD COLUMN entity text;
COMMENT ON COLUMN ledger.access.entity IS 'key of the one entity asked for; null for lists and for statements of psql, which name none';
CREATE INDEX access_by_entity ON ledger.access (entity, at) WHERE entity IS NOT NULL;

-- What was ever disputed about an entity; the unique index knows the open ones only.
CREATE INDEX discrepancy_by_entity ON ledger.discrepancy (library, entity);

-- What was ruled about a key, from both of its ends.
CREATE INDEX link_by_alias ON ledger.link (library, alias);
