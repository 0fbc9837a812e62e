-- The open discrepancies of a library as the lake writes them; when they turn into another class is found again.
SELECT 'I' AS _op, entity, item, claim_ref, source_ref, source_value, claim_value, class, pattern, NULL::date AS _turns
FROM ledger.discrepancy
WHERE library = %(library)s AND closed_run IS NULL
