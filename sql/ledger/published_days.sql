SELECT DISTINCT business_date FROM ledger.run
WHERE library = %(library)s AND state IN ('published', 'unchanged') AND business_date >= %(since)s AND business_date < %(until)s;
