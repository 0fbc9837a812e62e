UPDATE ledger.discrepancy SET closed_run = %(run_id)s, closed_at = clock_timestamp()
FROM {delta} AS delta
WHERE
    delta._op IN ('U', 'D') AND discrepancy.closed_run IS NULL AND discrepancy.library = %(library)s
    AND discrepancy.entity = delta.entity AND discrepancy.item = delta.item AND discrepancy.claim_ref = delta.claim_ref;
