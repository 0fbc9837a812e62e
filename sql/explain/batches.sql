-- Deliveries, and when each was let in: a row is known from then on.
SELECT
    batch.batch_id, batch.resource, batch.file_name, batch.business_date, batch.file_sha256, batch.received_at,
    (
        SELECT min(load.at) FROM ledger.load AS load
        WHERE load.batch_id = batch.batch_id AND load.step = 'admit' AND load.outcome = 'ok' AND load.at >= batch.received_at
    ) AS admitted_at
FROM ledger.batch AS batch
WHERE batch.batch_id = ANY(%(batches)s);
