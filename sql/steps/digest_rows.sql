-- Rows that say nothing are not hashed: an entity of which a source claims nothing has no row there. The hash of a row is a sum over its cells, so
-- it is hashed once more: else two rows that exchange a cell would go unnoticed.
sum(hashtextextended(hash_record_extended(row({key}, {cells}), {seed})::text, {seed})) FILTER (WHERE {known})
