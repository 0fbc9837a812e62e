INSERT INTO ledger.crosscheck (run_id, library, item, claim_ref, compared, disagreed)
VALUES (%s, %s, %s, %s, %s, %s);
