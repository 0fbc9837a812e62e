-- Pairs of contradicting codes among what is open, and how many of each the run added.
SELECT
    item, source_ref, source_value, claim_ref, claim_value, sum(change)::bigint AS count,
    coalesce(sum(change) FILTER (WHERE run_id = %(run_id)s AND change > 0), 0)::bigint AS added
FROM ledger.dispute_change
WHERE library = %(library)s AND source_value IS NOT NULL AND claim_value IS NOT NULL
GROUP BY item, source_ref, source_value, claim_ref, claim_value
HAVING sum(change) > 0
ORDER BY item, source_ref, claim_ref, source_value, claim_value;
