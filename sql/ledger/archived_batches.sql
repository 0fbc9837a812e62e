-- Deliveries received before a day whose bytes nothing needs any more: every batch of the same bytes is as old, has come to its end, and is
-- not what a live snapshot was made of.
SELECT batch_id, resource, file_name, file_sha256
FROM ledger.batch AS batch
WHERE NOT EXISTS (
    SELECT FROM ledger.batch AS same
    WHERE same.file_sha256 = batch.file_sha256
        AND (
            same.received_at >= %(before)s
            OR same.state IN ('received', 'read', 'checked')
            OR EXISTS (SELECT FROM ledger.snapshot AS live WHERE live.kind = 'source' AND live.batch_id = same.batch_id)
        )
)
ORDER BY batch_id;
