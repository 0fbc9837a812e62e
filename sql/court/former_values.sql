-- Of the disputes that a run opened (the first twenty thousand): how many repeat what the library itself held before, per pair of departments.
WITH opened AS (
    SELECT entity, item, source_ref, claim_ref, claim_value FROM ledger.discrepancy
    WHERE opened_run = %(run_id)s AND library = %(library)s AND pattern IS NOT NULL AND class <> 'definition'
    ORDER BY discrepancy_id
    LIMIT 20000
)
SELECT item, source_ref, claim_ref, count(*) AS opened, count(*) FILTER (WHERE former.found) AS former
FROM opened
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM {history} AS version
        WHERE version._key = opened.entity AND version._run < %(run_id)s AND to_jsonb(version) ->> opened.item = opened.claim_value
    ) AS found
) AS former
GROUP BY item, source_ref, claim_ref
HAVING count(*) FILTER (WHERE former.found) > 0
ORDER BY item, source_ref, claim_ref;
