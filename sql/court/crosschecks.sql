-- How many values of every declared pair the run compared and how many disagreed.
SELECT item, claim_ref, compared, disagreed FROM ledger.crosscheck WHERE run_id = %(run_id)s ORDER BY item, claim_ref;
