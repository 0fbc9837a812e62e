-- Entities per pattern of what is open: each of its disagreeing claims counts every entity once.
SELECT item, source_ref, pattern, max(opened)::bigint AS count
FROM (
    SELECT item, source_ref, claim_ref, pattern, sum(change) AS opened
    FROM ledger.dispute_change
    WHERE library = %(library)s
    GROUP BY item, source_ref, claim_ref, pattern
) AS counted
GROUP BY item, source_ref, pattern
HAVING max(opened) > 0
ORDER BY item, source_ref, pattern;
