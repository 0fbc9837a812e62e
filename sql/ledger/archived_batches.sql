-- Files received before a day whose bytes nothing needs any more: every batch that was made of the same bytes is as old, has come to its end,
-- and is not what a live snapshot was made of. Of a batch in parts that is each part, and the list of their hashes.
WITH kept AS (
    SELECT batch_id, resource, file_name, file_sha256, state, received_at FROM ledger.batch
    UNION ALL
    SELECT batch.batch_id, batch.resource, part.file_name, part.file_sha256, batch.state, batch.received_at
    FROM ledger.batch INNER JOIN ledger.part USING (batch_id)
    WHERE part.file_sha256 IS NOT NULL
)
SELECT batch_id, resource, file_name, file_sha256
FROM kept AS batch
WHERE NOT EXISTS (
    SELECT FROM kept AS same
    WHERE same.file_sha256 = batch.file_sha256
        AND (
            same.received_at >= %(before)s
            OR same.state IN ('received', 'read', 'checked')
            OR EXISTS (SELECT FROM ledger.snapshot AS live WHERE live.kind = 'source' AND live.batch_id = same.batch_id)
        )
)
ORDER BY batch_id;
