SELECT run_id FROM ledger.run
WHERE library = %(library)s AND run_id > %(run_id)s AND state IN ('published', 'unchanged')
ORDER BY run_id DESC
LIMIT 1;
