SELECT batch_id FROM ledger.batch
WHERE
    resource = %(resource)s AND business_date = %(business_date)s AND file_sha256 = %(file_sha256)s
    AND (mode = 'nochange') = (%(mode)s = 'nochange');
