UPDATE ledger.run SET state = 'failed', reason = 'its worker died; resolved again', changed_at = clock_timestamp()
WHERE library = %(library)s AND state = 'resolving';
