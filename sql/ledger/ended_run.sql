-- The run that a library's present is the result of.
SELECT {fields} FROM ledger.run
WHERE library = %(library)s AND state IN ('published', 'unchanged')
ORDER BY run_id DESC
LIMIT 1;
