UPDATE ledger.run SET {assignments}, changed_at = clock_timestamp()
WHERE run_id = %(run_id)s;
