-- Disputes that stay as they are while others change sides: their pattern is written anew, and counted from the old to the new one.
WITH moved AS (
    UPDATE ledger.discrepancy SET pattern = delta.pattern
    FROM {delta} AS delta
    WHERE
        delta._op = 'P' AND discrepancy.closed_run IS NULL AND discrepancy.library = %(library)s
        AND discrepancy.entity = delta.entity AND discrepancy.item = delta.item AND discrepancy.claim_ref = delta.claim_ref
    RETURNING
        new.library, new.item, new.source_ref, new.claim_ref, old.pattern AS left_pattern, new.pattern AS taken_pattern,
        CASE WHEN new.item = ANY(%(coded)s) THEN new.source_value END AS source_value,
        CASE WHEN new.item = ANY(%(coded)s) THEN new.claim_value END AS claim_value
),

counted AS (
    INSERT INTO ledger.dispute_change (run_id, library, item, source_ref, claim_ref, pattern, source_value, claim_value, change)
    SELECT %(run_id)s, library, item, source_ref, claim_ref, side.pattern, source_value, claim_value, sum(side.change)
    FROM moved
    CROSS JOIN LATERAL (VALUES (left_pattern, -1), (taken_pattern, 1)) AS side (pattern, change)
    WHERE side.pattern IS NOT NULL
    GROUP BY library, item, source_ref, claim_ref, side.pattern, source_value, claim_value
    HAVING sum(side.change) <> 0
)

SELECT count(*) FROM moved;
