UPDATE ledger.batch SET {assignments}, changed_at = clock_timestamp()
WHERE batch_id = %(batch_id)s;
