INSERT INTO ledger.discrepancy (library, entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern, opened_run)
SELECT %(library)s, entity, item, source_ref, source_value, claim_ref, claim_value, class, pattern, %(run_id)s
FROM {delta}
WHERE _op IN ('I', 'U')
ORDER BY entity, item;
