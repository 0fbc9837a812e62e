SELECT {fields} FROM ledger.run
WHERE library = %(library)s AND state IN ('resolved', 'published', 'unchanged')
ORDER BY run_id DESC
LIMIT 1;
