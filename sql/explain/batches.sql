-- Deliveries, and when each was let in: a row is known from then on. Of one that was corrected later the audit of loads knows (admitted.sql).
SELECT
    batch_id, resource, file_name, business_date, file_sha256, received_at,
    CASE WHEN state = 'admitted' THEN changed_at END AS admitted_at
FROM ledger.batch
WHERE batch_id = ANY(%(batches)s);
