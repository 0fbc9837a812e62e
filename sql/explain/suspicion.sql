-- Who is probably wrong about what is open, as the court judged last.
SELECT discrepancy_id, suspect, probability FROM ledger.suspicion
WHERE library = %(library)s AND entity = %(key)s AND suspect IS NOT NULL;
