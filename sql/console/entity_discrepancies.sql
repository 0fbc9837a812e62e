SELECT discrepancy_id, item, source_ref, source_value, claim_ref, claim_value, class, opened_run, opened_at, closed_run, closed_at
FROM ledger.discrepancy WHERE library = %(library)s AND entity = %(key)s ORDER BY closed_run NULLS FIRST, discrepancy_id DESC LIMIT 200;
