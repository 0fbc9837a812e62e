SELECT FROM ledger.batch
WHERE
    resource = %(resource)s AND business_date = %(business_date)s
    AND state NOT IN ('received', 'read', 'checked')
LIMIT 1;
