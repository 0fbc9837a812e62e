UPDATE ledger.batch SET state = 'superseded', changed_at = clock_timestamp(),
    reason = format('superseded by batch %%s', %(batch_id)s::bigint)
WHERE
    resource = %(resource)s AND business_date = %(business_date)s AND mode = 'full'
    AND state = 'admitted' AND batch_id < %(batch_id)s;
