-- Deliveries that are part of the present, or came too late for it, and of whose day a library's history does not tell yet.
SELECT batch.batch_id, batch.resource, batch.business_date, batch.state
FROM ledger.batch AS batch
WHERE
    batch.resource = ANY(%(members)s) AND batch.mode IN ('full', 'change')
    AND batch.state IN ('admitted', 'superseded', 'outdated')
    AND NOT EXISTS (SELECT FROM ledger.told WHERE told.library = %(library)s AND told.batch_id = batch.batch_id)
ORDER BY batch.business_date, batch.batch_id;
