-- Of the live delivery of a resource: cells per row, by item, that were not of their type. A column that was set aside then is no measure.
SELECT
    evidence.item,
    sum(evidence.rows) FILTER (WHERE evidence.reason = ANY(%(reasons)s))::float / greatest(batch.loaded + batch.quarantined, 1) AS rate
FROM ledger.snapshot
JOIN ledger.batch ON batch.batch_id = snapshot.batch_id
JOIN ledger.evidence ON evidence.batch_id = batch.batch_id
WHERE snapshot.kind = 'source' AND snapshot.name = %(resource)s
GROUP BY evidence.item, batch.loaded, batch.quarantined
HAVING
    NOT bool_or(evidence.reason = %(set_aside)s)
    AND bool_or(evidence.reason = ANY(%(reasons)s));
