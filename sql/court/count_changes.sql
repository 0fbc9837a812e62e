-- What a run opened and closed, by pattern; of items of codes also by the two values.
INSERT INTO ledger.dispute_change (run_id, library, item, source_ref, claim_ref, pattern, source_value, claim_value, change)
SELECT %(run_id)s, library, item, source_ref, claim_ref, pattern, source_value, claim_value, sum(change)
FROM (
    SELECT
        library, item, source_ref, claim_ref, pattern, 1 AS change,
        CASE WHEN item = ANY(%(coded)s) THEN source_value END AS source_value,
        CASE WHEN item = ANY(%(coded)s) THEN claim_value END AS claim_value
    FROM ledger.discrepancy
    WHERE opened_run = %(run_id)s AND library = %(library)s AND pattern IS NOT NULL
    UNION ALL
    SELECT
        library, item, source_ref, claim_ref, pattern, -1 AS change,
        CASE WHEN item = ANY(%(coded)s) THEN source_value END AS source_value,
        CASE WHEN item = ANY(%(coded)s) THEN claim_value END AS claim_value
    FROM ledger.discrepancy
    WHERE closed_run = %(run_id)s AND library = %(library)s AND pattern IS NOT NULL
) AS changes
GROUP BY library, item, source_ref, claim_ref, pattern, source_value, claim_value
HAVING sum(change) <> 0;
