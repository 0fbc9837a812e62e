-- Staging tables of batches that came to their end longer ago than the stewards look at them.
SELECT tables.relname
FROM pg_class AS tables
JOIN ledger.batch AS batch ON tables.relname = format('batch_%%s', batch.batch_id)
WHERE
    tables.relnamespace = 'staging'::regnamespace AND tables.relkind = 'r'
    AND batch.state NOT IN ('received', 'read', 'checked')
    AND batch.changed_at < clock_timestamp() - make_interval(secs => %(age)s);
