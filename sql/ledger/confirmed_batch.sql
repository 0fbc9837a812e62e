-- What a department confirms when it says that nothing changed: the last thing it delivered before. A refused delivery of the same day is
-- not that: there the word corrects it.
SELECT {fields} FROM ledger.batch
WHERE
    resource = %(resource)s AND mode <> 'nochange' AND business_date <= %(business_date)s
    AND NOT (business_date = %(business_date)s AND state = 'rejected')
ORDER BY business_date DESC, batch_id DESC
LIMIT 1;
