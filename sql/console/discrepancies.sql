-- Newest first, a page at a time by number, each with who is probably wrong by the last sitting of the court. Without the duty to check data
-- (%(plain)s false) values and entities stay masked.
SELECT page.*, suspicion.suspect, suspicion.probability
FROM (
    SELECT
        discrepancy_id, library, item, source_ref, claim_ref, class, opened_run, opened_at, closed_run, closed_at,
        CASE WHEN %(plain)s THEN entity ELSE share.mask_identifier(entity) END AS entity,
        CASE WHEN %(plain)s THEN source_value ELSE share.mask_all(source_value) END AS source_value,
        CASE WHEN %(plain)s THEN claim_value ELSE share.mask_all(claim_value) END AS claim_value
    FROM ledger.discrepancy
    WHERE {filters}
    ORDER BY discrepancy_id DESC LIMIT %(most)s
) AS page
LEFT JOIN ledger.suspicion USING (discrepancy_id)
ORDER BY discrepancy_id DESC;
