SELECT {fields} FROM ledger.batch
WHERE
    resource = %(resource)s AND business_date = %(business_date)s
    AND state IN ('received', 'read', 'checked')
ORDER BY batch_id;
